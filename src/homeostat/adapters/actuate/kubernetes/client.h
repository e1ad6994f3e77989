// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/adapters/actuate/kubernetes/access.h"
#include "homeostat/adapters/actuate/kubernetes/api_object.h"
#include "homeostat/base/json.h"
#include "homeostat/base/result.h"
#include "homeostat/base/time.h"

namespace homeostat::kubernetes {

struct ClientConfig {
    Duration timeout = std::chrono::seconds(5);  // of each call; the server is told it as well
    double calls_per_second = 20;                // beyond the burst, a call waits for its turn
    std::uint32_t calls_burst = 40;
    Duration token_age_max = std::chrono::seconds(10);  // a token file is read again after this
};

/// How the body of a patch is meant (the API's own kinds).
enum class PatchKind : std::uint8_t {
    merge,      // RFC 7386
    strategic,  // as merge, but lists of containers and the like by name
    operations  // RFC 6902
};

/// Whether the server stores the change, or only says whether it would.
enum class Dry : bool { no, yes };

/// A list to read or to watch.
struct Query {
    Resource resource;
    std::string namespace_name;  // empty: all
    std::string labels;          // selector; empty: all
    std::string fields;          // selector; empty: all
};

struct ObjectList {
    std::vector<json::Value> items;
    std::string version;  // where a watch goes on
};

/// Talks to an API server over TLS. One thread at a time: give each thread its own.
///
/// Errors of every call: `permission_denied` (401, 403, a certificate that is not trusted), `not_found`,
/// `conflict` (409: read again and decide again), `out_of_order` (410: the version is too old, list again),
/// `invalid_argument` (the server finds the object wrong, or an admission policy does), `resource_exhausted`
/// (429: a disruption budget, or too many calls), `deadline_exceeded` and `unavailable` when there was no
/// answer. A change that was not answered may have been made.
class Client {
public:
    static constexpr std::size_t kPage = 500;            // objects asked for at once
    static constexpr std::size_t kObjectsMax = 100'000;  // of one list
    static constexpr std::size_t kAnswerBytesMax = std::size_t{64} << 20U;

    explicit Client(ClusterAccess access, ClientConfig config = {});
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    [[nodiscard]] const ClusterAccess& access() const;

    [[nodiscard]] Result<json::Value> get(const ObjectRef& object) { return get_at(path_of(object)); }
    /// All pages.
    [[nodiscard]] Result<ObjectList> list(const Query& query);

    // By path (path_of), which is what a record on disk holds.
    [[nodiscard]] Result<json::Value> get_at(const std::string& path);
    /// POST, to the path of a list or of a subresource.
    [[nodiscard]] Result<json::Value> create_at(const std::string& path, const json::Value& body,
                                                Dry dry = Dry::no);
    [[nodiscard]] Result<json::Value> patch_at(const std::string& path, PatchKind kind,
                                               const json::Value& body, Dry dry = Dry::no);
    /// `options` is a DeleteOptions, such as one with preconditions.
    [[nodiscard]] Result<json::Value> remove_at(const std::string& path, const json::Object& options,
                                                Dry dry = Dry::no);

    /// Hands over the raw stream of changes after `version`, until the server ends it after about `lasting`
    /// or `keep_going`, asked about once a second, returns false.
    [[nodiscard]] Result<> watch(const Query& query, std::string_view version, Duration lasting,
                                 const std::function<bool(std::string_view)>& on_bytes,
                                 const std::function<bool()>& keep_going);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace homeostat::kubernetes
