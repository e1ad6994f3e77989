// SPDX-License-Identifier: Apache-2.0
#include "homeostat/model/subject.h"

namespace homeostat::model {

std::string to_string(const Subject& subject) {
    if (subject.callee) return subject.service.value() + " → " + subject.callee->value();
    if (subject.instance) return subject.service.value() + "/" + subject.instance->value();
    return subject.service.value();
}

}  // namespace homeostat::model
