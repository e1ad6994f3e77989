// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace homeostat {

/// What the caller can do about a failure. The set is closed: callers switch over it.
enum class ErrorCode : std::uint8_t {
    invalid_argument,     // the input is wrong whatever the state: reject it, do not retry
    failed_precondition,  // right input, wrong state: fix the state, then retry
    out_of_order,         // event time went backwards beyond the allowed lateness
    not_found,
    conflict,            // somebody else changed it first: re-read and decide again
    permission_denied,   // policy or RBAC said no: never retry, always audit
    resource_exhausted,  // a declared bound was reached: shed or back off
    deadline_exceeded,   // outcome UNKNOWN: reconcile before acting again
    unavailable,         // the peer is down: retry with backoff
    data_loss,           // stored or received bytes are corrupt
};

[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;

/// An expected failure of an operation. Programmer errors are not `Error`s: see check.h.
struct Error {
    ErrorCode code;
    std::string message;  // one sentence for an operator: names the object and the value

    friend bool operator==(const Error&, const Error&) = default;
};

}  // namespace homeostat
