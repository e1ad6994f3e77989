// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/forest_model.h"

#include "homeostat/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using homeostat::detect::ForestModel;
    const auto model = ForestModel::load({reinterpret_cast<const char*>(data), size});
    if (!model) return 0;
    HOMEOSTAT_CHECK(model->surprise({}) >= 0);
    HOMEOSTAT_CHECK(ForestModel::load(model->save())->version() == model->version());
    return 0;
}
