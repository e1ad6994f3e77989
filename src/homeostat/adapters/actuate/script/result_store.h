// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "homeostat/base/result.h"
#include "homeostat/model/action.h"

namespace homeostat::actuate {

/// Results of orders, one file each, so that what is known about an order survives us. One thread.
class ResultStore {
public:
    static constexpr std::size_t kResultsMax = 1024;

    /// The folder is made with mode 0700 if it is not there. Beyond `results_max` the oldest are forgotten.
    /// Errors: `failed_precondition`.
    [[nodiscard]] static Result<ResultStore> open(std::string folder, std::size_t results_max = kResultsMax);

    /// nullopt: nothing is known of the order. Errors: `data_loss` for a file that cannot be read.
    [[nodiscard]] Result<std::optional<model::OrderResult>> find(const model::OrderId& order) const;
    /// Durable when it returns. Errors: `unavailable` when it cannot be written.
    [[nodiscard]] Result<> put(const model::OrderResult& result);

private:
    ResultStore(std::string folder, std::size_t results_max)
        : folder_(std::move(folder)), results_max_(results_max) {}

    [[nodiscard]] std::string path_of(const model::OrderId& order) const;
    void forget_oldest() const;

    std::string folder_;
    std::size_t results_max_;
};

}  // namespace homeostat::actuate
