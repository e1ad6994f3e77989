// SPDX-License-Identifier: Apache-2.0
#include "homeostat/config/config.h"

#include <fmt/format.h>

#include <set>
#include <utility>

namespace homeostat::config {

void IngestConfig::check(Findings& findings) const {
    if (request_max > queue_max) {
        findings.report("queue_max", "is smaller than request_max, so that a large request would never fit",
                        fmt::format("choose {} or more", format_bytes(request_max)));
    }
    const bool same_port = otlp_grpc.listen == otlp_http.listen && otlp_grpc.listen.port != 0;
    if (otlp_grpc.enabled && otlp_http.enabled && same_port) {
        findings.report("otlp_http.listen",
                        fmt::format("otlp_grpc listens on {} as well", to_string(otlp_http.listen)),
                        "give one of them another port");
    }
}

void BusConfig::check(Findings& findings) const {
    if (segment > topic_max) {
        findings.report("topic_max", "is smaller than one segment",
                        fmt::format("choose {} or more", format_bytes(segment)));
    }
}

void GraphConfig::check(Findings& findings) const {
    std::set<model::ServiceId> seen;
    for (std::size_t i = 0; i < services.size(); ++i) {
        if (seen.insert(services[i].service).second) continue;
        findings.report(fmt::format("services[{}].name", i),
                        fmt::format("'{}' is there twice", services[i].service.value()),
                        "keep one of the two entries");
    }
    std::set<std::pair<model::ServiceId, model::ServiceId>> calls;
    for (std::size_t i = 0; i < edges.size(); ++i) {
        const auto field = fmt::format("edges[{}]", i);
        const auto& [caller, callee] = edges[i];
        if (caller == callee) {
            findings.report(field, fmt::format("'{}' would call itself", caller.value()), "remove the entry");
        } else if (!calls.emplace(caller, callee).second) {
            findings.report(field, fmt::format("{} → {} is there twice", caller.value(), callee.value()),
                            "keep one of the two entries");
        }
    }
}

void ActuatorsConfig::check(Findings& findings) const {
    if (process && kubernetes) {
        findings.report("kubernetes",
                        "the supervisor's processes are restarted and scaled as well: which is meant?",
                        "keep either 'process' or 'kubernetes'");
    }
}

bool read(const Document& document, Config& out, Problems& problems) {
    return read_document(document, out, problems);
}

json::Value show(const Config& config, Secrets secrets) {
    return homeostat::show(config, secrets);
}

json::Value json_schema() {
    return homeostat::json_schema<Config>("Homeostat configuration");
}

}  // namespace homeostat::config
