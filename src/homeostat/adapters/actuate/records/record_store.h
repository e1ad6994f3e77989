// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "homeostat/base/json.h"
#include "homeostat/base/result.h"
#include "homeostat/model/ids.h"

namespace homeostat::actuate {

/// What an actuator knows about its orders, one file each, so that it survives us. One thread.
class RecordStore {
public:
    static constexpr std::size_t kRecordsMax = 1024;

    /// The folder is made with mode 0700 if it is not there. Beyond `records_max` the oldest are forgotten.
    /// Errors: `failed_precondition`.
    [[nodiscard]] static Result<RecordStore> open(std::string folder, std::size_t records_max = kRecordsMax);

    /// nullopt: nothing is known of the order. Errors: `data_loss` for a file that cannot be read.
    [[nodiscard]] Result<std::optional<json::Value>> find(const model::OrderId& order) const;
    /// Durable when it returns. Errors: `unavailable` when it cannot be written.
    [[nodiscard]] Result<> put(const model::OrderId& order, const json::Value& record);

private:
    RecordStore(std::string folder, std::size_t records_max)
        : folder_(std::move(folder)), records_max_(records_max) {}

    [[nodiscard]] std::string path_of(const model::OrderId& order) const;
    void forget_oldest() const;

    std::string folder_;
    std::size_t records_max_;
};

}  // namespace homeostat::actuate
