// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <istream>
#include <ostream>
#include <utility>

#include "homeostat/cli/api_client.h"
#include "homeostat/cli/commands.h"

namespace homeostat::cli {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{256} << 10U;
constexpr auto kBatchTime = std::chrono::milliseconds{200};  // between two lines of a slow source

struct Options {
    ApiOptions api;
    std::string file;
};

class Publisher {
public:
    explicit Publisher(ApiOptions api) : client_(std::move(api)) {}

    [[nodiscard]] Result<> flush() {
        if (batch_.empty()) return {};
        HOMEOSTAT_TRY(const auto answer, client_.post("/v1/events", std::exchange(batch_, {})));
        sent_at_ = std::chrono::steady_clock::now();
        const auto* published = answer.find("published");
        if (published != nullptr && published->as_integer() != nullptr)
            published_ += *published->as_integer();
        return {};
    }

    [[nodiscard]] Result<> add(const std::string& line) {
        batch_ += line + '\n';
        const bool due = std::chrono::steady_clock::now() - sent_at_ >= kBatchTime;
        return due || batch_.size() >= kBatchBytes ? flush() : Result<>{};
    }

    [[nodiscard]] std::int64_t published() const { return published_; }

private:
    ApiClient client_;
    std::string batch_;
    std::int64_t published_ = 0;
    std::chrono::steady_clock::time_point sent_at_ = std::chrono::steady_clock::now();
};

ExitCode publish(std::istream& in, const Options& options, Environment& environment) {
    Publisher publisher(options.api);
    Result<> sent;
    for (std::string line; sent && std::getline(in, line);) {
        if (line.find_first_not_of(" \t\r") != std::string::npos) sent = publisher.add(line);
    }
    if (sent) sent = publisher.flush();
    environment.out << fmt::format("{} events published\n", publisher.published());
    return sent ? ExitCode::ok : report(environment, sent.error());
}

ExitCode events(const Options& options, Environment& environment) {
    if (options.file == "-") return publish(environment.in, options, environment);
    std::ifstream file(options.file);
    if (!file) {
        return report(environment,
                      {ErrorCode::not_found, options.file + ": it cannot be read; '-' reads standard input"});
    }
    return publish(file, options, environment);
}

}  // namespace

Command events_command() {
    return make_command<Options>([](Options& options) {
        return Command{
            .name = "events",
            .summary =
                "Publishes events, one JSON object a line, on the topic telemetry.raw. What is not valid "
                "ends in the quarantine.",
            .examples = {"homeostat events events.jsonl", "tail -f events.jsonl | homeostat events -"},
            .arguments = with_api(
                options.api, {of_files(required("FILE", options.file, "The file; '-' is standard input."))}),
            .run = [&options](Environment& environment) { return events(options, environment); }};
    });
}

}  // namespace homeostat::cli
