// SPDX-License-Identifier: Apache-2.0
#include "homeostat/base/error.h"

namespace homeostat {

std::string_view to_string(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::invalid_argument: return "invalid_argument";
        case ErrorCode::failed_precondition: return "failed_precondition";
        case ErrorCode::out_of_order: return "out_of_order";
        case ErrorCode::not_found: return "not_found";
        case ErrorCode::conflict: return "conflict";
        case ErrorCode::permission_denied: return "permission_denied";
        case ErrorCode::resource_exhausted: return "resource_exhausted";
        case ErrorCode::deadline_exceeded: return "deadline_exceeded";
        case ErrorCode::unavailable: return "unavailable";
        case ErrorCode::data_loss: return "data_loss";
    }
    return "unknown";
}

}  // namespace homeostat
