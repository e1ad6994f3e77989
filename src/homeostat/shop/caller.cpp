// SPDX-License-Identifier: Apache-2.0
#include "homeostat/shop/caller.h"

#include <sys/random.h>

#include "homeostat/adapters/http/client.h"

namespace homeostat::shop {

int Caller::call(const model::ServiceId& service, const TraceContext& parent) {
    const auto address = directory_.next(service).value_or("");
    const int status = attempt(service, address, parent);
    if (status != 0) return status;
    return attempt(service, directory_.next(service, address).value_or(""), parent);
}

int Caller::attempt(const model::ServiceId& service, const std::string& address, const TraceContext& parent) {
    SpanRecord span{.context = {.trace = parent.trace, .span = fresh_id()},
                    .parent = parent.span,
                    .start = wall_now(),
                    .route = "/work",
                    .peer = service.value()};
    Result<int> status = fail(ErrorCode::unavailable, "connection lost");
    if (address.empty()) {
        status = fail(ErrorCode::unavailable, "no instance is routed");
    } else if (!is_cut(service.value())) {
        status = get(address, span.context);
    }
    span.end = wall_now();
    span.status = status.value_or(0);
    if (!status) exporter_.log(true, "call to " + service.value() + " failed: " + status.error().message);
    exporter_.add(std::move(span));
    return status.value_or(0);
}

Result<int> Caller::get(const std::string& address, const TraceContext& context) const {
    thread_local http::Client client;
    auto headers = directory_.headers();
    headers.emplace_back("traceparent", to_traceparent(context));
    HOMEOSTAT_TRY(const auto response, client.send({.url = "http://" + address + "/work",
                                                    .headers = std::move(headers),
                                                    .timeout = timeout_}));
    return response.status;
}

void Caller::cut(std::set<std::string> services) {
    const std::scoped_lock lock(mutex_);
    cut_ = std::move(services);
}

bool Caller::is_cut(const std::string& service) {
    const std::scoped_lock lock(mutex_);
    return cut_.contains(service);
}

std::uint64_t fresh_id() {
    std::uint64_t id = 0;
    while (id == 0) {
        if (::getrandom(&id, sizeof id, 0) != sizeof id) id = 0;
    }
    return id;
}

}  // namespace homeostat::shop
