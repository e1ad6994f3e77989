// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/script/script_actuator.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "homeostat/adapters/actuate/spawn/spawn.h"

namespace homeostat::actuate {
namespace {

using model::OrderOutcome;
using model::OrderResult;
using SteadyTime = std::chrono::steady_clock::time_point;

OrderResult result_of(const model::OrderId& order, OrderOutcome outcome, std::string detail) {
    return {.id = order, .outcome = outcome, .detail = std::move(detail)};
}

struct Invocation {
    std::string program;
    std::vector<std::string> args;
};

Result<Invocation> invocation_of(const model::Order& order, const act::ScriptConfig& config) {
    const auto& parameters = order.action.parameters;
    const auto program = parameters.find("program");
    const auto* name = program != parameters.end() ? program->second.as_string() : nullptr;
    if (name == nullptr) return fail(ErrorCode::invalid_argument, "parameter 'program' is missing");
    if (std::ranges::find(config.programs, *name) == config.programs.end()) {
        return fail(ErrorCode::permission_denied, "'" + *name + "' is not on the list of allowed programs");
    }
    Invocation result{.program = *name};
    if (const auto args = parameters.find("args"); args != parameters.end()) {
        auto list = from_json<std::vector<std::string>>(args->second);
        if (!list) return fail(ErrorCode::invalid_argument, "parameter 'args' must be a list of strings");
        result.args = *std::move(list);
    }
    if (result.args.size() > ScriptActuator::kArgsMax) {
        return fail(ErrorCode::invalid_argument, "there are more than 64 arguments");
    }
    // A zero byte would end the argument early, so that the program sees another one than the policy did.
    if (std::ranges::any_of(result.args, [](const auto& arg) { return arg.contains('\0'); })) {
        return fail(ErrorCode::invalid_argument, "an argument holds a zero byte");
    }
    return result;
}

std::vector<std::string> environment_of(const act::ScriptConfig& config) {
    std::vector<std::string> result;
    result.reserve(config.environment.size() + config.inherit.size());
    for (const auto& [name, value] : config.environment) result.push_back(fmt::format("{}={}", name, value));
    for (const auto& name : config.inherit) {
        const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody calls setenv
        if (value != nullptr) result.push_back(fmt::format("{}={}", name, value));
    }
    return result;
}

/// Keeps the end of what is added.
class Tail {
public:
    void add(std::string_view bytes) {
        text_.append(bytes);
        if (text_.size() > 2 * ScriptActuator::kOutputBytesMax) cut();
    }
    /// As text that a record can hold: valid UTF-8.
    std::string text() {
        cut();
        while (!text_.empty() && (text_.front() & 0xC0) == 0x80)
            text_.erase(0, 1);  // the rest of a character
        if (!simdjson::validate_utf8(text_)) {
            std::ranges::replace_if(text_, [](char c) { return (c & 0x80) != 0; }, '?');
        }
        while (!text_.empty() && (text_.back() == '\n' || text_.back() == ' ')) text_.pop_back();
        return text_;
    }

private:
    void cut() {
        if (text_.size() > ScriptActuator::kOutputBytesMax) {
            text_.erase(0, text_.size() - ScriptActuator::kOutputBytesMax);
        }
    }
    std::string text_;
};

/// Reads what there is. False: nobody holds the other end any more.
bool read_some(int fd, Tail& output) {
    std::array<char, 4096> buffer;
    const auto count = ::read(fd, buffer.data(), buffer.size());
    if (count > 0) output.add({buffer.data(), static_cast<std::size_t>(count)});
    return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

/// Follows the process to its end, or to `deadline`. False: it still ran at the deadline.
bool follow(const Child& child, int output_fd, SteadyTime deadline, Tail& output) {
    std::array<pollfd, 2> watched{pollfd{.fd = child.pidfd.get(), .events = POLLIN, .revents = 0},
                                  pollfd{.fd = output_fd, .events = POLLIN, .revents = 0}};
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        if (left <= 0) return false;
        const auto wait = static_cast<int>(std::min<std::int64_t>(left, 60'000));
        if (::poll(watched.data(), watched.size(), wait) <= 0) continue;
        if (watched[1].revents != 0 && !read_some(output_fd, output)) watched[1].fd = -1;
        if (watched[0].revents != 0 && (watched[1].fd < 0 || watched[1].revents == 0)) return true;
    }
}

}  // namespace

Result<std::unique_ptr<ScriptActuator>> ScriptActuator::create(act::ScriptConfig config,
                                                               std::string results_dir) {
    for (const auto& program : config.programs) {
        if (program.starts_with('/')) continue;
        return fail(ErrorCode::invalid_argument,
                    "'" + program + "' is no absolute path: write where it lies");
    }
    HOMEOSTAT_TRY(auto results, RecordStore::open(std::move(results_dir)));
    return std::unique_ptr<ScriptActuator>(new ScriptActuator(std::move(config), std::move(results)));
}

bool ScriptActuator::supports(model::ActionKind kind) const noexcept {
    return kind == model::ActionKind::script;
}

Result<std::optional<OrderResult>> ScriptActuator::find(const model::OrderId& order) const {
    HOMEOSTAT_TRY(const auto record, results_.find(order));
    if (!record) return std::nullopt;
    auto result = from_json<OrderResult>(*record);
    if (!result) return fail(ErrorCode::data_loss, "the record of an order: " + result.error().message);
    return *std::move(result);
}

Result<> ScriptActuator::keep(const OrderResult& result) {
    return results_.put(result.id, to_json(result));
}

OrderResult ScriptActuator::execute(const model::Order& order, LoopTime now) {
    const auto known = find(order.id);
    if (!known) return result_of(order.id, OrderOutcome::unknown, known.error().message);
    const auto& stored = *known;
    if (stored) return *stored;
    if (now >= order.lease_until) return result_of(order.id, OrderOutcome::refused, "its lease is over");
    const auto begun =
        keep(result_of(order.id, OrderOutcome::unknown,
                       "its script was running when Homeostat ended: check its effect by hand"));
    if (!begun) return result_of(order.id, OrderOutcome::failed, begun.error().message);

    auto result = run(order);
    if (auto kept = keep(result); !kept) result.detail += " (" + kept.error().message + ")";
    return result;
}

OrderResult ScriptActuator::run(const model::Order& order) {
    const auto invocation = invocation_of(order, config_);
    if (!invocation) return result_of(order.id, OrderOutcome::refused, invocation.error().message);
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return result_of(order.id, OrderOutcome::failed, "no descriptor is left for its output");
    }
    const FileDescriptor output_end(ends[0]);
    FileDescriptor script_end(ends[1]);
    ::fcntl(script_end.get(), F_SETFL, 0);  // the script's writes shall block: only our reads must not
    const auto child = spawn(
        {.program = invocation->program,
         .args = invocation->args,
         .environment = environment_of(config_),
         .directory = config_.directory,
         .descriptors = {{STDOUT_FILENO, script_end.get()}, {STDERR_FILENO, script_end.get()}},
         .limits = {{RLIMIT_CPU,
                     static_cast<rlim_t>(std::chrono::ceil<std::chrono::seconds>(config_.cpu_time).count())},
                    {RLIMIT_AS, static_cast<rlim_t>(config_.memory.count())},
                    {RLIMIT_NOFILE, static_cast<rlim_t>(config_.open_files)},
                    {RLIMIT_CORE, 0}}});
    if (!child) return result_of(order.id, OrderOutcome::failed, child.error().message);
    script_end.reset();

    Tail output;
    const bool ended =
        follow(*child, output_end.get(), std::chrono::steady_clock::now() + order.timeout, output);
    if (!ended) signal_group(*child, SIGKILL);
    const auto exit = reap(*child);
    auto result = result_of(order.id, OrderOutcome::failed, output.text());
    if (!ended) {
        result.detail = "killed after " + format_duration(order.timeout) + "; " + result.detail;
    } else if (exit.signal != 0) {
        result.detail = "ended by signal " + std::to_string(exit.signal) + "; " + result.detail;
    } else {
        result.exit_code = exit.code;
        if (exit.code == 0) result.outcome = OrderOutcome::done;
    }
    return result;
}

OrderResult ScriptActuator::reconcile(const model::OrderId& order) {
    const auto known = find(order);
    if (!known) return result_of(order, OrderOutcome::unknown, known.error().message);
    const auto& stored = *known;
    if (stored) return *stored;
    auto closed = result_of(order, OrderOutcome::failed, "never arrived; it will not be carried out");
    if (auto kept = keep(closed); !kept) return result_of(order, OrderOutcome::unknown, kept.error().message);
    return closed;
}

}  // namespace homeostat::actuate
