// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/http/client.h"

#include <curl/curl.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "homeostat/base/check.h"

namespace homeostat::http {
namespace {

void init_curl_once() {
    static std::once_flag once;
    std::call_once(once, [] { HOMEOSTAT_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
}

long milliseconds(Duration duration) {
    const auto count = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
    return static_cast<long>(std::max<std::int64_t>(count, 1));  // curl reads 0 as "no limit"
}

/// What the callbacks of one exchange share.
struct Exchange {
    ClientResponse response;
    std::size_t bytes_max = 0;
    const std::function<bool(std::string_view)>* on_data = nullptr;  // else the body is collected
    const std::function<bool()>* keep_going = nullptr;
    bool too_large = false;
    bool ended_by_user = false;
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
    auto& exchange = *static_cast<Exchange*>(user);
    const std::string_view bytes(data, size * count);
    if (exchange.on_data != nullptr) {
        exchange.ended_by_user = !(*exchange.on_data)(bytes);
        return exchange.ended_by_user ? 0 : bytes.size();
    }
    exchange.too_large = exchange.response.body.size() + bytes.size() > exchange.bytes_max;
    if (exchange.too_large) return 0;
    exchange.response.body.append(bytes);
    return bytes.size();
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
    auto& headers = static_cast<Exchange*>(user)->response.headers;
    const std::string_view line(data, size * count);
    if (line.starts_with("HTTP/")) headers.clear();  // an interim response came before
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return line.size();
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    auto value = line.substr(colon + 1);
    constexpr std::string_view kSpace = " \t\r\n";
    value.remove_prefix(std::min(value.find_first_not_of(kSpace), value.size()));
    value = value.substr(0, value.find_last_not_of(kSpace) + 1);
    headers.emplace_back(std::move(name), value);
    return size * count;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto& exchange = *static_cast<Exchange*>(user);
    exchange.ended_by_user = exchange.ended_by_user || !(*exchange.keep_going)();
    return exchange.ended_by_user ? 1 : 0;
}

/// Lets curl read a PEM text, which must live as long as the exchange.
void set_pem(CURL* curl, CURLoption option, const std::string& pem) {
    if (pem.empty()) return;
    curl_blob blob{.data = const_cast<char*>(pem.data()), .len = pem.size(), .flags = CURL_BLOB_NOCOPY};
    curl_easy_setopt(curl, option, &blob);
}

Error error_of(CURLcode code, const Exchange& exchange, const ClientRequest& request, const char* detail) {
    const std::string what = request.method + " " + request.url + ": ";
    const std::string reason = *detail != '\0' ? detail : curl_easy_strerror(code);
    if (exchange.too_large) {
        return {ErrorCode::resource_exhausted,
                what + "the response is larger than " + std::to_string(exchange.bytes_max) + " bytes"};
    }
    switch (static_cast<int>(code)) {
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL: return {ErrorCode::invalid_argument, what + reason};
        case CURLE_OPERATION_TIMEDOUT: return {ErrorCode::deadline_exceeded, what + reason};
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE: return {ErrorCode::permission_denied, what + reason};
        default: return {ErrorCode::unavailable, what + reason};
    }
}

/// Header lines for curl, freed with the exchange.
class HeaderList {
public:
    HeaderList() = default;
    HeaderList(const HeaderList&) = delete;
    HeaderList& operator=(const HeaderList&) = delete;
    ~HeaderList() { curl_slist_free_all(list_); }
    void add(const std::string& line) {
        auto* grown = curl_slist_append(list_, line.c_str());
        HOMEOSTAT_CHECK(grown != nullptr);
        list_ = grown;
    }
    [[nodiscard]] curl_slist* get() const { return list_; }

private:
    curl_slist* list_ = nullptr;
};

}  // namespace

struct Client::Impl {
    ClientConfig config;
    CURL* curl = nullptr;

    explicit Impl(ClientConfig client_config) : config(std::move(client_config)) {
        init_curl_once();
        curl = curl_easy_init();
        HOMEOSTAT_CHECK(curl != nullptr);
    }
    ~Impl() { curl_easy_cleanup(curl); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void set_options(const ClientRequest& request, const HeaderList& headers, Exchange& exchange);
    Result<ClientResponse> perform(const ClientRequest& request, Exchange& exchange);
};

void Client::Impl::set_options(const ClientRequest& request, const HeaderList& headers, Exchange& exchange) {
    curl_easy_reset(curl);  // keeps the open connections
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(config.connect_timeout));
    if (exchange.on_data == nullptr) {
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, milliseconds(request.timeout));
    } else {
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                         static_cast<long>(std::chrono::ceil<std::chrono::seconds>(request.timeout).count()));
    }
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    if (!config.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, config.ca_file.c_str());
    set_pem(curl, CURLOPT_CAINFO_BLOB, config.ca_pem);
    set_pem(curl, CURLOPT_SSLCERT_BLOB, config.certificate_pem);
    set_pem(curl, CURLOPT_SSLKEY_BLOB, config.key_pem);
    if (exchange.keep_going != nullptr) {
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &on_progress);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &exchange);
    }
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
}

Result<ClientResponse> Client::Impl::perform(const ClientRequest& request, Exchange& exchange) {
    HeaderList headers;
    for (const auto& [name, value] : request.headers) headers.add(name + ": " + value);
    if (!config.bearer_token.empty()) headers.add("Authorization: Bearer " + config.bearer_token);
    if (!request.body.empty()) headers.add("Content-Type: " + request.content_type);
    headers.add("Expect:");  // curl would wait a second for a server that does not know 100-continue

    set_options(request, headers, exchange);
    std::string detail(CURL_ERROR_SIZE, '\0');
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail.data());
    const CURLcode code = curl_easy_perform(curl);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
    if (code != CURLE_OK && !exchange.ended_by_user) {
        return std::unexpected(error_of(code, exchange, request, detail.c_str()));
    }
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    exchange.response.status = static_cast<int>(status);
    return std::move(exchange.response);
}

Client::Client(ClientConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Result<ClientResponse> Client::send(const ClientRequest& request) {
    Exchange exchange{.response = {}, .bytes_max = impl_->config.body_bytes_max};
    return impl_->perform(request, exchange);
}

Result<ClientResponse> Client::stream(const ClientRequest& request,
                                      const std::function<bool(std::string_view)>& on_data) {
    Exchange exchange{.response = {},
                      .bytes_max = 0,
                      .on_data = &on_data,
                      .keep_going = request.keep_going ? &request.keep_going : nullptr};
    return impl_->perform(request, exchange);
}

}  // namespace homeostat::http
