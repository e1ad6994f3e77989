// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include "homeostat/adapters/http/client.h"

namespace homeostat::kubernetes {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Lets `burst` calls pass at once and `rate` a second in the long run.
class Pace {
public:
    Pace(double rate, std::uint32_t burst) : rate_(rate), burst_(burst), tokens_(burst) {}

    /// Sleeps until the next call has its turn.
    void wait() {
        const auto now = std::chrono::steady_clock::now();
        const std::chrono::duration<double> passed = now - last_;
        tokens_ = std::min<double>(burst_, tokens_ + passed.count() * rate_) - 1;
        last_ = now;
        if (tokens_ < 0) std::this_thread::sleep_for(std::chrono::duration<double>(-tokens_ / rate_));
    }

private:
    double rate_;
    double burst_;
    double tokens_;
    SteadyTime last_ = std::chrono::steady_clock::now();
};

ErrorCode code_of(int status) {
    switch (status) {
        case 401:
        case 403: return ErrorCode::permission_denied;
        case 404: return ErrorCode::not_found;
        case 409: return ErrorCode::conflict;
        case 410: return ErrorCode::out_of_order;
        case 429: return ErrorCode::resource_exhausted;
        case 504: return ErrorCode::deadline_exceeded;
        default: return status >= 500 ? ErrorCode::unavailable : ErrorCode::invalid_argument;
    }
}

/// The server's refusal: it sends an object of kind Status.
std::unexpected<Error> refusal(const http::ClientRequest& request, int status, std::string_view body) {
    constexpr std::size_t kReasonMax = 500;
    const auto answer = json::parse(body);
    auto reason = answer ? text_at(*answer, {"message"}) : std::string{};
    if (reason.empty()) reason = std::string(body.substr(0, kReasonMax));
    return fail(code_of(status), fmt::format("{} {}: {} {}", request.method, request.url, status, reason));
}

std::string escape(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '.' || c == '_' || c == '~';
        if (plain)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string selectors_of(const Query& query) {
    std::string text;
    if (!query.labels.empty()) text += "&labelSelector=" + escape(query.labels);
    if (!query.fields.empty()) text += "&fieldSelector=" + escape(query.fields);
    return text;
}

std::string_view content_type_of(PatchKind kind) {
    switch (kind) {
        case PatchKind::merge: return "application/merge-patch+json";
        case PatchKind::strategic: return "application/strategic-merge-patch+json";
        case PatchKind::operations: break;
    }
    return "application/json-patch+json";
}

std::string path_of_list(const Query& query) {
    return path_of(ObjectRef{query.resource, query.namespace_name, "", ""});
}

}  // namespace

struct Client::Impl {
    ClusterAccess access;
    ClientConfig config;
    Pace pace;
    http::Client http;
    std::string token;
    std::optional<SteadyTime> token_read_at;

    Impl(ClusterAccess cluster, const ClientConfig& client_config)
        : access(std::move(cluster)),
          config(client_config),
          pace(config.calls_per_second, config.calls_burst),
          http({.ca_pem = access.ca_pem,
                .certificate_pem = access.certificate_pem,
                .key_pem = access.key_pem,
                .body_bytes_max = kAnswerBytesMax}),
          token(access.token) {}

    /// Reads the token file again when what we have is older than `age_max`. A file that is being replaced
    /// leaves the token as it is. Answers whether the token changed.
    bool refresh_token(Duration age_max);
    void sign(http::ClientRequest& request) const;
    Result<json::Value> call(http::ClientRequest request);
    http::ClientRequest request(std::string_view method, const std::string& path,
                                std::string parameters) const;
};

bool Client::Impl::refresh_token(Duration age_max) {
    const auto now = std::chrono::steady_clock::now();
    if (access.token_file.empty() || (token_read_at && now - *token_read_at < age_max)) return false;
    token_read_at = now;
    std::ifstream file(access.token_file);
    std::string text;
    if (!(file >> text) || text == token) return false;
    token = std::move(text);
    return true;
}

void Client::Impl::sign(http::ClientRequest& request) const {
    if (!token.empty()) request.headers = {{"Authorization", "Bearer " + token}};
}

http::ClientRequest Client::Impl::request(std::string_view method, const std::string& path,
                                          std::string parameters) const {
    if (parameters.starts_with('&')) parameters.front() = '?';
    return {.method = std::string(method),
            .url = access.server + path + parameters,
            .body = {},
            .headers = {},
            .timeout = config.timeout,
            .keep_going = {}};
}

Result<json::Value> Client::Impl::call(http::ClientRequest request) {
    pace.wait();
    refresh_token(config.token_age_max);
    sign(request);
    auto response = http.send(request);
    if (response && response->status == 401 && refresh_token(Duration::zero())) {
        sign(request);
        response = http.send(request);
    }
    if (!response) return std::unexpected(response.error());
    if (response->status < 200 || response->status > 299) {
        return refusal(request, response->status, response->body);
    }
    return json::parse(response->body);
}

Client::Client(ClusterAccess access, ClientConfig config)
    : impl_(std::make_unique<Impl>(std::move(access), config)) {}
Client::~Client() = default;

const ClusterAccess& Client::access() const {
    return impl_->access;
}

Result<json::Value> Client::get_at(const std::string& path) {
    return impl_->call(impl_->request("GET", path, ""));
}

Result<ObjectList> Client::list(const Query& query) {
    ObjectList result;
    std::string next;
    do {
        auto parameters = fmt::format("&limit={}", kPage) + selectors_of(query);
        if (!next.empty()) parameters += "&continue=" + escape(next);
        HOMEOSTAT_TRY(const auto page,
                      impl_->call(impl_->request("GET", path_of_list(query), std::move(parameters))));
        const auto& items = list_at(page, {"items"});
        result.items.insert(result.items.end(), items.begin(), items.end());
        if (result.items.size() > kObjectsMax) {
            return fail(ErrorCode::resource_exhausted,
                        fmt::format("there are more than {} {}: narrow the namespaces", kObjectsMax,
                                    query.resource.plural));
        }
        result.version = text_at(page, {"metadata", "resourceVersion"});
        next = text_at(page, {"metadata", "continue"});
    } while (!next.empty());
    return result;
}

namespace {
/// The server gives a change up when we do, so that it is not made after we have read what became of it.
std::string change_parameters(Dry dry, Duration timeout) {
    const auto seconds = std::max<std::int64_t>(std::chrono::floor<std::chrono::seconds>(timeout).count(), 1);
    return fmt::format("&fieldManager=homeostat&timeout={}s{}", seconds,
                       dry == Dry::yes ? "&dryRun=All" : "");
}
}  // namespace

Result<json::Value> Client::create_at(const std::string& path, const json::Value& body, Dry dry) {
    auto request = impl_->request("POST", path, change_parameters(dry, impl_->config.timeout));
    request.body = json::to_text(body);
    return impl_->call(std::move(request));
}

Result<json::Value> Client::patch_at(const std::string& path, PatchKind kind, const json::Value& body,
                                     Dry dry) {
    auto request = impl_->request("PATCH", path, change_parameters(dry, impl_->config.timeout));
    request.body = json::to_text(body);
    request.content_type = content_type_of(kind);
    return impl_->call(std::move(request));
}

Result<json::Value> Client::remove_at(const std::string& path, const json::Object& options, Dry dry) {
    auto request = impl_->request("DELETE", path, "");
    auto body = options;  // a server that is given options does not look at the parameter dryRun
    if (dry == Dry::yes) body.emplace_back("dryRun", json::Array{"All"});
    request.body = json::to_text(body);
    return impl_->call(std::move(request));
}

Result<> Client::watch(const Query& query, std::string_view version, Duration lasting,
                       const std::function<bool(std::string_view)>& on_bytes,
                       const std::function<bool()>& keep_going) {
    constexpr auto kSlack = std::chrono::seconds(10);  // beyond the server's own end of the watch
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(lasting).count();
    auto request = impl_->request(
        "GET", path_of_list(query),
        fmt::format("&watch=true&allowWatchBookmarks=true&timeoutSeconds={}&resourceVersion={}", seconds,
                    escape(version)) +
            selectors_of(query));
    request.timeout = lasting + kSlack;
    request.keep_going = keep_going;
    impl_->pace.wait();
    impl_->refresh_token(impl_->config.token_age_max);
    impl_->sign(request);
    std::string head;  // of a refusal
    const auto response = impl_->http.stream(request, [&](std::string_view bytes) {
        constexpr std::size_t kHeadMax = 4096;
        head += bytes.substr(0, kHeadMax - std::min(kHeadMax, head.size()));
        return on_bytes(bytes);
    });
    if (!response) return std::unexpected(response.error());
    if (response->status == 401) impl_->refresh_token(Duration::zero());
    if (response->status != 200 && response->status != 0) return refusal(request, response->status, head);
    return {};
}

}  // namespace homeostat::kubernetes
