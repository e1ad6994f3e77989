// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "homeostat/base/error.h"

namespace homeostat {

/// Either a `T` or an `Error`. The class, not each function, is [[nodiscard]], so a forgotten
/// check is a compile error everywhere. libstdc++ 12 has no and_then()/transform(): use
/// HOMEOSTAT_TRY.
template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
public:
    using std::expected<T, Error>::expected;
};

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
    return std::unexpected(Error{code, std::move(message)});
}

}  // namespace homeostat

#define HOMEOSTAT_CONCAT_IMPL(a, b) a##b
#define HOMEOSTAT_CONCAT(a, b) HOMEOSTAT_CONCAT_IMPL(a, b)

// NOLINTBEGIN(bugprone-macro-parentheses): `declaration` is a declaration
/// HOMEOSTAT_TRY(auto plan, planner.plan(diagnosis));  // returns the error to the caller
#define HOMEOSTAT_TRY(declaration, expression)                                              \
    auto HOMEOSTAT_CONCAT(try_result_, __LINE__) = (expression);                            \
    if (!HOMEOSTAT_CONCAT(try_result_, __LINE__)) {                                         \
        return std::unexpected(std::move(HOMEOSTAT_CONCAT(try_result_, __LINE__)).error()); \
    }                                                                                       \
    declaration = *std::move(HOMEOSTAT_CONCAT(try_result_, __LINE__))
// NOLINTEND(bugprone-macro-parentheses)
