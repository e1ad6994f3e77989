// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/isolation_forest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using homeostat::detect::IsolationForest;
    const auto forest = IsolationForest::load({reinterpret_cast<const char*>(data), size});
    if (!forest) return 0;
    const std::vector<float> row(static_cast<std::size_t>(forest->features()), 0.5F);
    const double score = forest->score(row);
    return score >= 0 ? 0 : 0;
}
