// SPDX-License-Identifier: Apache-2.0
// What it costs to judge, in one thread and in virtual time: each figure is printed as `NAME VALUE UNIT`.
//   verdict_bench events      from the JSON of an event to the verdict on the windows that it closes
//   verdict_bench memory      of a series: one feature of a service or instance, in the features and in the
//   detectors verdict_bench decision    from the windows that tell of a crash to the order that heals it
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/event_text.h"
#include "homeostat/base/check.h"
#include "homeostat/base/prng.h"
#include "homeostat/detect/detection.h"
#include "homeostat/features/feature_extractor.h"
#include "homeostat/loop/loop.h"
#include "homeostat/telemetry/event_decoder.h"
#include "homeostat/telemetry/gate.h"

namespace homeostat::bench {
namespace {

using namespace std::chrono_literals;

constexpr EventTime kStart{1'700'000'000s};

double cpu_seconds() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

/// The value below which `share` of the values lie.
double quantile(std::vector<double>& values, double share) {
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + at, values.end());
    return values[static_cast<std::size_t>(at)];
}

/// From an event's text to the verdicts, as the node does it.
class Judge {
public:
    void take(std::string_view text, EventTime now) {
        gate_.begin(now, "bench");
        gate_.on_event(decoder_.decode(text).value());
        if (now < next_close_) return;
        next_close_ += 1s;
        for (const auto& window : extractor_.advance(now)) (void)detection_.observe(window);
    }
    [[nodiscard]] std::int64_t verdicts() const { return detection_.counters().judged; }
    [[nodiscard]] std::uint64_t events() const { return gate_.counters().events; }

private:
    telemetry::EventDecoder decoder_;
    features::FeatureExtractor extractor_ = features::FeatureExtractor::create({}, kStart).value();
    telemetry::Gate gate_{{}, extractor_};
    detect::Detection detection_ = detect::Detection::create({}).value();
    EventTime next_close_ = kStart + 1s;
};

constexpr std::uint64_t kEventsPerSecond = 2'000;

/// Calls `take` with each event's text and time, for `seconds` from `from` on, and `end_second` after each.
template <class Take, class EndSecond>
void play_events(int from, int seconds, Take&& take, EndSecond&& end_second) {
    constexpr Duration kApart = Duration{1s} / kEventsPerSecond;
    std::vector<std::string> texts(kEventsPerSecond);
    EventTime now = kStart + std::chrono::seconds{from};
    auto number = static_cast<std::uint64_t>(from) * kEventsPerSecond;
    for (int second = from; second < from + seconds; ++second) {
        for (std::uint64_t i = 0; i < kEventsPerSecond; ++i)
            texts[i] = event_text(number++, now + kApart * static_cast<std::int64_t>(i + 1));
        const double cpu_before = cpu_seconds();
        for (const auto& text : texts) take(text, now += kApart);
        end_second(cpu_seconds() - cpu_before);
    }
}

/// The dearest event of the next five minutes, in CPU time: by the clock it would tell what else the machine
/// did.
double worst_event_us(Judge& judge, int from) {
    double worst = 0;
    play_events(
        from, 300,
        [&](const auto& text, EventTime now) {
            const double before = cpu_seconds();
            judge.take(text, now);
            worst = std::max(worst, cpu_seconds() - before);
        },
        [](double) {});
    return worst * 1e6;
}

void measure_events() {
    constexpr int kWarmUp = 300;  // seconds, until every detector has a voice
    constexpr int kMeasured = 60;
    Judge judge;
    std::vector<double> took_us;
    double cpu = 0;
    play_events(0, kWarmUp, [&](const auto& text, EventTime now) { judge.take(text, now); }, [](double) {});
    play_events(
        kWarmUp, kMeasured,
        [&](const auto& text, EventTime now) {
            const auto before = std::chrono::steady_clock::now();
            judge.take(text, now);
            const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - before;
            took_us.push_back(took.count());
        },
        [&](double seconds) { cpu += seconds; });
    HOMEOSTAT_CHECK(judge.events() == (kWarmUp + kMeasured) * kEventsPerSecond && judge.verdicts() > 0);
    fmt::print("event_bytes {} bytes\n", event_text(0, kStart).size());
    fmt::print("events_per_second {:.0f} events/s\n", static_cast<double>(took_us.size()) / cpu);
    fmt::print("event_p50 {:.2f} us\n", quantile(took_us, 0.5));
    fmt::print("event_p99 {:.2f} us\n", quantile(took_us, 0.99));
    fmt::print("event_max {:.0f} us\n", worst_event_us(judge, kWarmUp + kMeasured));
}

/// Resident bytes of this process.
double resident() {
    std::ifstream file("/proc/self/statm");
    double pages = 0;
    file >> pages >> pages;
    return pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

void measure_memory() {
    constexpr int kServices = 4'000;
    constexpr int kSeconds = 90;  // longer than the longest window
    std::vector<std::string> names;
    for (int i = 0; i < kServices; ++i) names.push_back(fmt::format("service-{}", i));
    auto extractor = features::FeatureExtractor::create({}, kStart).value();
    auto detection = detect::Detection::create({}).value();
    const double before = resident();
    Prng random(1);
    std::vector<double> latencies(20);
    const std::vector<std::uint16_t> statuses(20, 200);
    for (int second = 0; second < kSeconds; ++second) {
        const EventTime now = kStart + std::chrono::seconds{second} + 500ms;
        for (const auto& name : names) {
            for (auto& latency : latencies) latency = 5 + static_cast<double>(random.below(50));
            extractor.on_event({.service = name,
                                .at = now,
                                .latencies_ms = latencies,
                                .statuses = statuses,
                                .cpu_percent = 30 + static_cast<double>(random.below(5)),
                                .memory_mb = 500,
                                .deployment_version = "1.4.2"});
        }
        const auto windows = extractor.advance(now);
        for (const auto& window : windows) (void)detection.observe(window);
    }
    const auto subjects = extractor.counters().subjects;
    const double per_subject = (resident() - before) / static_cast<double>(subjects);
    HOMEOSTAT_CHECK(subjects >= kServices);
    fmt::print("subjects {} subjects\n", subjects);
    fmt::print("memory_per_subject {:.1f} KiB\n", per_subject / 1024);
    fmt::print("memory_per_series {:.0f} bytes\n", per_subject / static_cast<double>(model::kFeatureCount));
}

/// A fleet of which one instance of one service crashes, told second by second to a loop of its own.
class Crash {
public:
    Crash(int services, std::uint64_t seed) : services_(services), random_(seed) {}

    /// Microseconds that the loop's step took that sent the order.
    double play() {
        for (int second = 0; second < 60; ++second) (void)step(false);
        for (int second = 0; second < 10; ++second) {
            if (step(true)) return took_us_;
        }
        HOMEOSTAT_CHECK(false);
        return 0;
    }

private:
    static loop::LoopConfig config() {
        loop::LoopConfig config;
        config.policy.mode = model::Autonomy::automatic;
        plan::Playbook playbook;
        playbook.name = "restart-instance";
        playbook.match.causes = {model::CauseKind::crash, model::CauseKind::hang};
        playbook.steps = {
            {.name = "restart", .instance = "$instance", .undo = model::UndoPolicy::impossible}};
        config.playbooks = {playbook};
        return config;
    }

    model::FeatureWindow window(model::Subject subject) {
        model::FeatureWindow window{.subject = std::move(subject), .end = now_.event, .length = 1s};
        using model::Feature;
        const double noise = static_cast<double>(random_.below(100)) / 100.0;
        window.values.set(Feature::rate_rps, 100 + 5 * noise);
        window.values.set(Feature::error_rate, 0);
        window.values.set(Feature::latency_ms, 10 + noise);
        window.values.set(Feature::latency_p99_ms, 30 + 3 * noise);
        if (window.subject.is_edge()) return window;
        window.values.set(Feature::cpu_pct, 20 + noise);
        window.values.set(Feature::mem_mb, 100 + noise);
        if (window.subject.is_service()) window.values.set(Feature::replicas, 2);
        return window;
    }

    /// Every service has two instances and calls the next one; the last is the one that breaks.
    std::vector<model::FeatureWindow> windows(bool crashed) {
        std::vector<model::FeatureWindow> windows;
        for (int i = 0; i < services_; ++i) {
            const bool breaks = crashed && i + 1 == services_;
            const auto name = fmt::format("service-{}", i);
            const model::ServiceId service{name};
            windows.push_back(window({.service = service}));
            if (breaks) windows.back().values.set(model::Feature::replicas, 1);
            for (const auto* number : {"-1", "-2"}) {
                windows.push_back(window({.service = service, .instance = model::InstanceId{name + number}}));
                if (breaks && *(number + 1) == '1') {
                    windows.back().values = {};
                    windows.back().freshness = model::Freshness::stale;
                }
            }
            if (i + 1 == services_) continue;
            windows.push_back(
                window({.service = service, .callee = model::ServiceId{fmt::format("service-{}", i + 1)}}));
            if (crashed && i + 2 == services_) windows.back().values.set(model::Feature::error_rate, 0.4);
        }
        return windows;
    }

    /// One second; true when an order left.
    bool step(bool crashed) {
        now_.loop += 1s;
        now_.event += 1s;
        std::vector<loop::Input> inputs;
        if (crashed && !std::exchange(crashed_, true)) {
            const auto name = fmt::format("service-{}", services_ - 1);
            inputs.emplace_back(loop::Changed{{.at = now_.event,
                                               .service = model::ServiceId{name},
                                               .instance = model::InstanceId{name + "-1"},
                                               .kind = model::ChangeKind::instance_exited,
                                               .detail = "signal 9"}});
        }
        inputs.emplace_back(loop::WindowsArrived{windows(crashed)});
        const auto before = std::chrono::steady_clock::now();
        const auto effects = loop_.step(now_, inputs);
        took_us_ =
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - before).count();
        return std::any_of(effects.begin(), effects.end(), [](const loop::Effect& effect) {
            return std::holds_alternative<loop::SendOrder>(effect);
        });
    }

    int services_;
    Prng random_;
    loop::Loop loop_ = loop::Loop::create(config()).value();
    Instant now_{.event = kStart};
    bool crashed_ = false;
    double took_us_ = 0;  // the last step
};

void measure_decision() {
    constexpr int kServices = 50;
    constexpr int kRounds = 40;
    std::vector<double> took_us;
    for (int round = 0; round < kRounds; ++round)
        took_us.push_back(Crash(kServices, static_cast<std::uint64_t>(round + 1)).play());
    fmt::print("decision_p50 {:.0f} us\n", quantile(took_us, 0.5));
    fmt::print("decision_max {:.0f} us\n", quantile(took_us, 1));
}

}  // namespace
}  // namespace homeostat::bench

int main(int argc, char** argv) {
    using namespace homeostat::bench;
    const std::string_view what = argc == 2 ? argv[1] : "";
    if (what == "events") {
        measure_events();
    } else if (what == "memory") {
        measure_memory();
    } else if (what == "decision") {
        measure_decision();
    } else {
        fmt::print(stderr, "usage: verdict_bench events|memory|decision\n");
        return 2;
    }
    return 0;
}
