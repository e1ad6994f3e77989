// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "homeostat/adapters/actuate/kubernetes/action.h"
#include "homeostat/adapters/actuate/kubernetes/client.h"
#include "homeostat/base/codec.h"

namespace homeostat::kubernetes {

enum class Write : std::uint8_t {
    merge,       // PATCH, as PatchKind
    strategic,   // PATCH
    operations,  // PATCH
    remove,      // DELETE
    evict,       // POST to the subresource `eviction`
};

/// One write to the API, decided from the state that was read: what is sent, and how it is seen later that it
/// was done. Kept on disk before it is sent.
struct Decision {
    std::string path;  // of the object in which the effect is seen
    Write write = Write::merge;
    json::Value body;
    json::Value goal;                          // holds in the object once it is done; of a removal nothing
    std::string uid;                           // of the pod that is removed
    std::string detail;                        // for people
    std::optional<model::ActionRequest> undo;  // from the state that was read

    static constexpr auto describe() {
        return std::tuple{field("path", &Decision::path), field("write", &Decision::write),
                          field("body", &Decision::body), field("goal", &Decision::goal),
                          field("uid", &Decision::uid),   field("detail", &Decision::detail),
                          field("undo", &Decision::undo)};
    }
};

/// Reads the state that `action` depends on and decides on the write. Errors: those of the client, and
/// `failed_precondition` when the state forbids it: an owner that would undo it, no revision to go back to,
/// the last pod that takes traffic.
[[nodiscard]] Result<Decision> decide(Client& client, const model::Order& order, const Action& action);

/// Sends it, or asks the server whether it would take it.
[[nodiscard]] Result<> send(Client& client, const Decision& decision, Dry dry);

/// Reads whether it has been done.
[[nodiscard]] Result<bool> is_done(Client& client, const Decision& decision);

/// Who keeps an object as its manifest says, such as "Argo CD"; empty: nobody that is known.
[[nodiscard]] std::string gitops_owner(const json::Value& object);

}  // namespace homeostat::kubernetes

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::kubernetes::Write> =
    std::to_array<std::string_view>({"merge", "strategic", "operations", "remove", "evict"});
