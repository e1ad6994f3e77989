// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/access.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>

#include "homeostat/adapters/actuate/kubernetes/api_object.h"
#include "homeostat/adapters/yaml/yaml.h"

namespace homeostat::kubernetes {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = 1U << 20U;

Result<std::string> read_file(const std::string& path) {
    std::error_code error;
    std::ifstream file;
    if (fs::is_regular_file(path, error)) file.open(path, std::ios::binary);
    if (!file.is_open()) {
        return fail(ErrorCode::not_found, fmt::format("'{}' cannot be read: is it a file?", path));
    }
    if (fs::file_size(path, error) > kFileBytesMax) {
        return fail(ErrorCode::invalid_argument, fmt::format("'{}' is larger than 1 MiB", path));
    }
    return std::string{std::istreambuf_iterator<char>(file), {}};
}

std::string trimmed(std::string text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
    return text;
}

Result<std::string> from_base64(std::string text, std::string_view field) {
    std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
    std::string bytes(text.size(), '\0');
    const int length =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (length < 0) return fail(ErrorCode::invalid_argument, fmt::format("{}: is no base64", field));
    const auto padding = std::min<std::ptrdiff_t>(std::ranges::count(text, '='), 2);
    bytes.resize(static_cast<std::size_t>(std::max<std::ptrdiff_t>(length - padding, 0)));
    return bytes;
}

/// The member `body` of the entry called `name` in a list such as `clusters`.
Result<json::Value> named(const json::Value& config, std::string_view list, std::string_view body,
                          std::string_view name) {
    const auto* entries = config.find(list);
    if (entries != nullptr && entries->as_array() != nullptr) {
        for (const auto& entry : *entries->as_array()) {
            const auto* found = text_at(entry, {"name"}) == name ? entry.find(body) : nullptr;
            if (found != nullptr) return *found;
        }
    }
    return fail(ErrorCode::invalid_argument, fmt::format("'{}' has no entry '{}'", list, name));
}

struct Refusal {
    std::string_view key;
    std::string_view why;
};
constexpr Refusal kClusterRefusals[]{
    {"insecure-skip-tls-verify", "an unverified server is not trusted: give its certificate-authority"},
    {"proxy-url", "proxies are not supported: name the server itself"},
    {"tls-server-name", "another name is not supported: name the server as its certificate does"}};
constexpr Refusal kUserRefusals[]{
    {"exec", "exec plugins are not run: use a service account's token or a client certificate"},
    {"auth-provider", "auth providers are not supported: use a token or a client certificate"},
    {"username", "passwords are not supported: use a token or a client certificate"},
    {"as", "impersonation is not supported: use the account itself"}};

/// Refuses an object that sets what we do not do.
Result<> refuse(const json::Value& object, std::span<const Refusal> refusals) {
    for (const auto& [key, why] : refusals) {
        const auto* found = object.find(key);
        const bool unset = found == nullptr || found->is_null() || *found == json::Value(false);
        if (!unset) return fail(ErrorCode::invalid_argument, fmt::format("'{}': {}", key, why));
    }
    return {};
}

/// The text of `key`-data, inline, or of the file that `key` names; empty when there is neither.
Result<std::string> pem_at(const json::Value& object, const std::string& key, const std::string& folder) {
    if (auto inline_text = text_at(object, {key + "-data"}); !inline_text.empty()) {
        return from_base64(std::move(inline_text), key + "-data");
    }
    const auto path = text_at(object, {key});
    return path.empty() ? Result<std::string>{} : read_file((fs::path(folder) / path).string());
}

Result<> take_cluster(const json::Value& cluster, const std::string& folder, ClusterAccess& access) {
    if (auto fine = refuse(cluster, kClusterRefusals); !fine) return fine;
    access.server = text_at(cluster, {"server"});
    while (access.server.ends_with('/')) access.server.pop_back();
    if (!access.server.starts_with("https://")) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("server: must begin with https://, not '{}'", access.server));
    }
    HOMEOSTAT_TRY(access.ca_pem, pem_at(cluster, "certificate-authority", folder));
    return {};
}

Result<> take_user(const json::Value& user, const std::string& folder, ClusterAccess& access) {
    if (auto fine = refuse(user, kUserRefusals); !fine) return fine;
    HOMEOSTAT_TRY(access.certificate_pem, pem_at(user, "client-certificate", folder));
    HOMEOSTAT_TRY(access.key_pem, pem_at(user, "client-key", folder));
    if (access.certificate_pem.empty() != access.key_pem.empty()) {
        return fail(ErrorCode::invalid_argument, "client-certificate and client-key need each other");
    }
    access.token = text_at(user, {"token"});
    if (const auto path = text_at(user, {"tokenFile"}); !path.empty()) {
        access.token_file = (fs::path(folder) / path).string();
    }
    return {};
}

}  // namespace

Result<ClusterAccess> parse_kubeconfig(std::string_view text, std::string_view context,
                                       const std::string& folder) {
    Problems problems;
    const auto document = yaml::parse(text, "kubeconfig", problems);
    if (!document) {
        return fail(ErrorCode::invalid_argument,
                    problems.empty() ? "no kubeconfig" : to_string(problems.front()));
    }
    const auto config = to_json_value(document->root);
    const auto wanted = context.empty() ? text_at(config, {"current-context"}) : std::string(context);
    if (wanted.empty())
        return fail(ErrorCode::invalid_argument, "current-context: is missing: name a context");
    HOMEOSTAT_TRY(const auto chosen, named(config, "contexts", "context", wanted));
    HOMEOSTAT_TRY(const auto cluster, named(config, "clusters", "cluster", text_at(chosen, {"cluster"})));
    HOMEOSTAT_TRY(const auto user, named(config, "users", "user", text_at(chosen, {"user"})));

    ClusterAccess access;
    if (auto taken = take_cluster(cluster, folder, access); !taken) return std::unexpected(taken.error());
    if (auto taken = take_user(user, folder, access); !taken) return std::unexpected(taken.error());
    if (auto name = text_at(chosen, {"namespace"}); !name.empty()) access.namespace_name = std::move(name);
    return access;
}

Result<ClusterAccess> read_kubeconfig(const std::string& path, std::string_view context) {
    HOMEOSTAT_TRY(const auto text, read_file(path));
    auto access = parse_kubeconfig(text, context, fs::path(path).parent_path().string());
    if (!access) return fail(access.error().code, fmt::format("{}: {}", path, access.error().message));
    return access;
}

Result<ClusterAccess> read_account(const std::string& folder, std::string_view host, std::string_view port) {
    if (host.empty() || port.empty()) {
        return fail(ErrorCode::failed_precondition,
                    "KUBERNETES_SERVICE_HOST is not set: outside of a pod, name a kubeconfig");
    }
    ClusterAccess access;
    const bool bare_ipv6 = host.find(':') != std::string_view::npos;
    access.server =
        bare_ipv6 ? fmt::format("https://[{}]:{}", host, port) : fmt::format("https://{}:{}", host, port);
    access.token_file = folder + "/token";
    HOMEOSTAT_TRY(access.ca_pem, read_file(folder + "/ca.crt"));
    HOMEOSTAT_TRY(const auto name, read_file(folder + "/namespace"));
    access.namespace_name = trimmed(name);
    return access;
}

}  // namespace homeostat::kubernetes
