// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/process/supervisor_client.h"

#include "homeostat/adapters/actuate/process/local_socket.h"

namespace homeostat::actuate {
namespace {

ErrorCode code_of(std::string_view name) {
    for (int i = 0; i <= static_cast<int>(ErrorCode::data_loss); ++i) {
        if (to_string(static_cast<ErrorCode>(i)) == name) return static_cast<ErrorCode>(i);
    }
    return ErrorCode::failed_precondition;
}

Result<Reply> read_reply(const std::string& line) {
    HOMEOSTAT_TRY(const auto json, json::parse(line));
    HOMEOSTAT_TRY(auto reply, from_json<Reply>(json));
    if (reply.error) return fail(code_of(reply.error->code), reply.error->message);
    return reply;
}

}  // namespace

Result<Reply> SupervisorClient::call(const Request& request, Duration timeout) const {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    HOMEOSTAT_TRY(auto socket, LocalSocket::connect(path_));
    auto exchanged = socket.send_line(json::to_text(to_json(request)), deadline);
    if (exchanged) {
        auto line = socket.read_line(deadline);
        if (line) return read_reply(*line);
        exchanged = std::unexpected(line.error());
    }
    return fail(ErrorCode::deadline_exceeded, exchanged.error().message + ": the outcome is unknown");
}

Result<std::vector<ServiceStatus>> SupervisorClient::status(Duration timeout) const {
    HOMEOSTAT_TRY(auto reply, call(StatusRequest{}, timeout));
    if (!reply.services) return fail(ErrorCode::data_loss, "the supervisor's reply has no services");
    return *std::move(reply.services);
}

}  // namespace homeostat::actuate
