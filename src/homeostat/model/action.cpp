// SPDX-License-Identifier: Apache-2.0
#include "homeostat/model/action.h"

namespace homeostat::model {

std::string to_string(const ActionRequest& action) {
    std::string out{homeostat::to_string(action.kind)};
    out += ' ' + action.service.value();
    if (action.instance) out += '/' + action.instance->value();
    for (const auto& [name, value] : action.parameters) {
        out += ' ' + name + '=';
        if (const auto* text = value.as_string())
            out += *text;
        else
            json::write(out, value);
    }
    return out;
}

}  // namespace homeostat::model
