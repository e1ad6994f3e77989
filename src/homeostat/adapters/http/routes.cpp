// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/http/routes.h"

#include <algorithm>
#include <utility>

#include "homeostat/base/check.h"

namespace homeostat::http {
namespace {

std::string_view take_segment(std::string_view& path) {
    path.remove_prefix(1);  // the slash
    const auto segment = path.substr(0, std::min(path.find('/'), path.size()));
    path.remove_prefix(segment.size());
    return segment;
}

bool matches(std::string_view pattern, std::string_view path, Fields& params) {
    params.clear();
    while (!pattern.empty() && !path.empty()) {
        const auto wanted = take_segment(pattern);
        const auto given = take_segment(path);
        if (wanted.starts_with('{') && wanted.ends_with('}')) {
            if (given.empty()) return false;
            params.emplace_back(wanted.substr(1, wanted.size() - 2), given);
        } else if (wanted != given) {
            return false;
        }
    }
    return pattern.empty() && path.empty();
}

}  // namespace

void Routes::add(std::string method, std::string pattern, Handler handler, Access access) {
    HOMEOSTAT_CHECK(pattern.starts_with('/') && handler);
    routes_.push_back({std::move(method), std::move(pattern), std::move(handler), access});
}

void Routes::add_stream(std::string pattern, StreamHandler handler, Access access) {
    HOMEOSTAT_CHECK(pattern.starts_with('/') && handler);
    routes_.push_back({"GET", std::move(pattern), std::move(handler), access});
}

Routes::Match Routes::match(std::string_view method, std::string_view path) const {
    Match out;
    if (!path.starts_with('/')) return out;
    for (const auto& route : routes_) {
        Fields params;
        if (!matches(route.pattern, path, params)) continue;
        if (route.method == method) {
            return {.handler = &route.handler,
                    .access = route.access,
                    .params = std::move(params),
                    .allowed = {}};
        }
        out.allowed += out.allowed.empty() ? route.method : ", " + route.method;
    }
    return out;
}

}  // namespace homeostat::http
