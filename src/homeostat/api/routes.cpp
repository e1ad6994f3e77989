// SPDX-License-Identifier: Apache-2.0
#include "homeostat/api/routes.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "homeostat/base/codec.h"

namespace homeostat::api {
namespace {

using http::Access;
using http::Request;
using http::Response;

Response json_response(const json::Value& value) {
    return {.body = json::to_text(value) + "\n"};
}

int status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
        case ErrorCode::out_of_order: return 400;
        case ErrorCode::permission_denied: return 403;
        case ErrorCode::not_found: return 404;
        case ErrorCode::failed_precondition:
        case ErrorCode::conflict: return 409;
        case ErrorCode::resource_exhausted: return 429;
        case ErrorCode::deadline_exceeded: return 504;
        case ErrorCode::unavailable: return 503;
        case ErrorCode::data_loss: return 500;
    }
    return 500;
}

Response refusal(const Error& error) {
    return http::error_response(status_of(error.code), to_string(error.code), error.message);
}

Response accepted(const Result<>& result) {
    if (!result) return refusal(result.error());
    return {.status = 202, .body = "{}\n"};
}

template <class T>
Result<T> body_of(const Request& request) {
    HOMEOSTAT_TRY(const auto json, json::parse(request.body));
    return from_json<T>(json);
}

/// Who asks, and why: a decision without a name is no decision.
struct Author {
    std::string by;
    std::string reason;
    static constexpr auto describe() {
        return std::tuple{field("by", &Author::by), field("reason", &Author::reason)};
    }
};

struct Approval {
    bool approved = false;
    std::string by;
    std::string reason;
    static constexpr auto describe() {
        return std::tuple{field("approved", &Approval::approved), field("by", &Approval::by),
                          field("reason", &Approval::reason)};
    }
};

const model::Incident* find(const Snapshot& snapshot, const Request& request) {
    const auto* id = http::find(request.params, "id");
    const auto found =
        std::find_if(snapshot.incidents.begin(), snapshot.incidents.end(),
                     [&](const auto& incident) { return id != nullptr && incident.id.value() == *id; });
    return found == snapshot.incidents.end() ? nullptr : &*found;
}

Response not_found(const Request& request) {
    return http::error_response(404, "not_found",
                                "no incident is at " + request.path + "; GET /v1/incidents lists them");
}

Response list_incidents(const Control& control, const Request& request) {
    const auto snapshot = control.snapshot();
    const auto* state = http::find(request.query, "state");
    json::Array incidents;
    for (const auto& incident : snapshot->incidents) {
        if (state == nullptr || to_string(incident.state) == *state) incidents.push_back(to_json(incident));
    }
    return json_response(incidents);
}

Response show_incident(const Control& control, const Request& request) {
    const auto snapshot = control.snapshot();
    const auto* incident = find(*snapshot, request);
    return incident == nullptr ? not_found(request) : json_response(to_json(*incident));
}

Response list_records(const Control& control, const Request& request) {
    std::uint64_t after = 0;
    if (const auto* text = http::find(request.query, "after")) {
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), after);
        if (error != std::errc{} || end != text->data() + text->size())
            return http::error_response(400, "invalid_argument", "after: must be the sequence of a record");
    }
    return json_response(to_json(control.records(after)));
}

Response answer_approval(Control& control, const Request& request) {
    const auto approval = body_of<Approval>(request);
    if (!approval) return refusal(approval.error());
    if (approval->by.empty())
        return http::error_response(400, "invalid_argument", "by: an approval needs a name");
    const auto snapshot = control.snapshot();
    const auto* incident = find(*snapshot, request);
    if (incident == nullptr) return not_found(request);
    const bool handed_back = incident->state == model::IncidentState::escalated && approval->approved;
    if (incident->state != model::IncidentState::awaiting_approval && !handed_back) {
        return http::error_response(409, "failed_precondition",
                                    incident->id.value() + " waits for no approval: it is " +
                                        std::string(to_string(incident->state)));
    }
    return accepted(control.submit(loop::ApprovalAnswered{.incident = incident->id,
                                                          .approved = approval->approved,
                                                          .by = approval->by,
                                                          .reason = approval->reason}));
}

Response switch_stop(Control& control, const Request& request, bool stopped) {
    const auto author = body_of<Author>(request);
    if (!author) return refusal(author.error());
    if (author->by.empty())
        return http::error_response(400, "invalid_argument", "by: the stop switch needs a name");
    return accepted(
        control.submit(loop::StopSwitched{.stopped = stopped, .by = author->by, .reason = author->reason}));
}

Response readiness(const Control& control) {
    const auto snapshot = control.snapshot();
    auto response = json_response(to_json(*snapshot));
    if (!snapshot->ready) response.status = 503;
    return response;
}

Response take_events(Control& control, const Request& request) {
    const auto published = control.publish_events(request.body);
    if (!published) return refusal(published.error());
    return json_response(json::Object{{"published", static_cast<std::int64_t>(*published)}});
}

}  // namespace

http::Routes make_routes(Control& control) {
    http::Routes routes;
    routes.add(
        "GET", "/healthz", [](const Request&) { return Response{.body = "{\"status\":\"ok\"}\n"}; },
        Access::open);
    routes.add("GET", "/readyz", [&](const Request&) { return readiness(control); }, Access::open);
    routes.add(
        "GET", "/metrics",
        [&](const Request&) {
            return Response{.body = control.metrics(),
                            .content_type = "text/plain; version=0.0.4; charset=utf-8"};
        },
        Access::open);
    routes.add("GET", "/v1/status",
               [&](const Request&) { return json_response(to_json(*control.snapshot())); });
    routes.add("GET", "/v1/incidents",
               [&](const Request& request) { return list_incidents(control, request); });
    routes.add("GET", "/v1/incidents/{id}",
               [&](const Request& request) { return show_incident(control, request); });
    routes.add("POST", "/v1/incidents/{id}/approval",
               [&](const Request& request) { return answer_approval(control, request); });
    routes.add("GET", "/v1/records", [&](const Request& request) { return list_records(control, request); });
    routes.add("GET", "/v1/anomalies",
               [&](const Request&) { return json_response(to_json(control.snapshot()->anomalies)); });
    routes.add("GET", "/v1/graph",
               [&](const Request&) { return json_response(to_json(control.snapshot()->graph)); });
    routes.add("POST", "/v1/stop",
               [&](const Request& request) { return switch_stop(control, request, true); });
    routes.add("POST", "/v1/resume",
               [&](const Request& request) { return switch_stop(control, request, false); });
    routes.add("POST", "/v1/events", [&](const Request& request) { return take_events(control, request); });
    return routes;
}

}  // namespace homeostat::api
