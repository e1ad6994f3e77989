// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace homeostat {

/// An identifier that cannot be mistaken for another kind of identifier. There is no implicit
/// conversion in either direction: `ServiceId{"checkout"}` in, `id.value()` out.
template <class Tag, class Rep = std::string>
class StrongId {
public:
    StrongId() = default;
    constexpr explicit StrongId(Rep value) : value_(std::move(value)) {}

    [[nodiscard]] constexpr const Rep& value() const noexcept { return value_; }

    friend constexpr bool operator==(const StrongId&, const StrongId&) = default;
    friend constexpr auto operator<=>(const StrongId&, const StrongId&) = default;

private:
    Rep value_{};
};

}  // namespace homeostat

template <class Tag, class Rep>
struct std::hash<homeostat::StrongId<Tag, Rep>> {
    std::size_t operator()(const homeostat::StrongId<Tag, Rep>& id) const noexcept {
        return std::hash<Rep>{}(id.value());
    }
};
