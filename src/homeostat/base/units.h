// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

#include "homeostat/base/result.h"

namespace homeostat {

/// A number with a unit. Same unit adds and compares; different units do not compile.
template <class Unit, class Rep>
class Quantity {
public:
    constexpr Quantity() = default;
    constexpr explicit Quantity(Rep count) : count_(count) {}

    [[nodiscard]] constexpr Rep count() const noexcept { return count_; }

    friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity{a.count_ + b.count_}; }
    friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity{a.count_ - b.count_}; }
    friend constexpr bool operator==(Quantity, Quantity) = default;
    friend constexpr auto operator<=>(Quantity, Quantity) = default;

private:
    Rep count_{};
};

using Bytes = Quantity<struct BytesUnit, std::int64_t>;
using Millicores = Quantity<struct MillicoresUnit, std::int64_t>;
using Replicas = Quantity<struct ReplicasUnit, std::int32_t>;

/// A value in [0, 1]; the range is checked once, where the number enters the program.
class Ratio {
public:
    [[nodiscard]] static Result<Ratio> from(double value) {
        if (!(value >= 0.0 && value <= 1.0)) {
            return fail(ErrorCode::invalid_argument, "a ratio must lie in [0, 1]");
        }
        return Ratio{value};
    }
    constexpr Ratio() = default;

    [[nodiscard]] constexpr double value() const noexcept { return value_; }
    friend constexpr bool operator==(Ratio, Ratio) = default;
    friend constexpr auto operator<=>(Ratio, Ratio) = default;

private:
    constexpr explicit Ratio(double value) : value_(value) {}
    double value_ = 0.0;
};

}  // namespace homeostat
