// SPDX-License-Identifier: Apache-2.0
#include "homeostat/sim/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <utility>

#include "homeostat/base/hash.h"
#include "homeostat/sim/fault_plan.h"
#include "homeostat/sim/flaws.h"
#include "homeostat/sim/people.h"
#include "homeostat/sim/reach.h"
#include "homeostat/twin/world.h"

namespace homeostat::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTelemetryDelay = 600ms;  // of the extractor: lateness allowed, and a little
constexpr Duration kNetworkDelay = 20ms;
constexpr std::int64_t kWarmUpSeconds = 90;   // for the detectors to learn what is normal
constexpr std::int64_t kSettleSeconds = 900;  // after the last fault: then all must be well

/// What an input is, for the hash of the journal: cheap, and different for different inputs.
std::uint64_t hash_of(const loop::Input& input, std::uint64_t hash) {
    const auto* arrived = std::get_if<loop::WindowsArrived>(&input);
    if (arrived == nullptr) return hash64(json::to_text(to_json(input)), hash);
    const auto mix = [&](std::uint64_t value) {
        hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL + (hash >> 29U);
    };
    for (const auto& window : arrived->windows) {
        mix(static_cast<std::uint64_t>(window.end.time_since_epoch().count()));
        mix(window.freshness == model::Freshness::stale ? 1 : 0);
        for (std::size_t i = 0; i < model::kFeatureCount; ++i) {
            mix(std::bit_cast<std::uint64_t>(window.values.get_or(static_cast<model::Feature>(i), -1.0)));
        }
    }
    return hash;
}

class Run final : private Outside {
public:
    Run(const RunOptions& options, twin::World world, RunClimate climate, Prng prng)
        : options_(options),
          prng_(prng),
          climate_(climate),
          world_(std::move(world)),
          reach_(world_.state()),
          plan_(options.incidents, climate.weather),
          people_(climate_.ports),
          checkers_(options.loop.policy, world_),
          controller_(options.loop, options.mutant, *this, climate.weather == Weather::stormy) {}

    RunResult run() {
        while (world_.state().tick < kWarmUpSeconds) tick();
        while (!plan_.is_done()) {
            plan_.inject_due(world_, prng_);
            tell_of_faults();
            tick();
        }
        clear_up();
        std::int64_t left = kSettleSeconds;
        while (!is_settled() && left-- > 0) {
            tell_of_faults();
            tick();
        }
        if (controller_.is_dead()) controller_.restart(now_);
        checkers_.at_end(now_, is_settled());
        return result();
    }

private:
    using Message = std::variant<std::vector<loop::Input>, model::Order>;

    bool chance(std::uint32_t per_ten_thousand) {
        return per_ten_thousand > 0 && prng_.chance(per_ten_thousand, 10'000);
    }

    Duration some_seconds(std::int64_t low, std::int64_t high) {
        const auto span = static_cast<std::uint64_t>((high - low) * 1000);
        return std::chrono::milliseconds{low * 1000 + static_cast<std::int64_t>(prng_.below(span))};
    }

    void set_time(LoopTime at) {
        now_.loop = at;
        now_.event = world_.state().epoch + at.time_since_epoch() + climate_.ports.clock_skew;
    }

    void post(Duration delay, Message message) {
        queue_.emplace(std::pair(now_.loop + delay, ++sequence_), std::move(message));
    }

    void tick() {
        const LoopTime end = world_.now().loop + twin::kTick;
        while (!queue_.empty() && queue_.begin()->first.first < end) {
            auto node = queue_.extract(queue_.begin());
            set_time(node.key().first);
            if (auto* inputs = std::get_if<std::vector<loop::Input>>(&node.mapped()))
                deliver(std::move(*inputs));
            else
                execute(std::get<model::Order>(node.mapped()));
        }
        world_.advance();
        set_time(end);
        checkers_.on_tick(now_);
        send_telemetry();
        people_.repair_due(world_, reach_, now_.loop);
        tend_controller();
        watch();
        ++counters_.seconds;
    }

    /// The truth, between the lines of what the loop makes of it.
    void tell_of_faults() {
        if (!options_.trace) return;
        for (const auto& fault : world_.faults()) {
            auto& told = told_[fault.number];
            if (told == std::pair(true, fault.end)) continue;
            told = {true, fault.end};
            options_.trace(
                {fault.ended_at.value_or(fault.injected_at), {}},
                fmt::format("FAULT {} {} {}{}{} size {:.2f}: {}", fault.number, to_string(fault.kind),
                            fault.service.value(), fault.instance ? "/" + fault.instance->value() : "",
                            fault.callee ? " → " + fault.callee->value() : "", fault.severity,
                            to_string(fault.end)));
        }
    }

    void tend_controller() {
        if (controller_.is_dead()) {
            if (!restart_at_) restart_at_ = now_.loop + some_seconds(1, 4);
            if (now_.loop >= *restart_at_) {
                restart_at_.reset();
                controller_.restart(now_);
            }
        }
        controller_.poll(now_);
        if (stop_until_ && now_.loop >= *stop_until_) {
            stop_until_.reset();
            post(kNetworkDelay, std::vector<loop::Input>{loop::StopSwitched{false, "operator", "all clear"}});
        } else if (!stop_until_ && chance(climate_.ports.stop_pressed)) {
            stop_until_ = now_.loop + some_seconds(20, 60);
            post(kNetworkDelay,
                 std::vector<loop::Input>{loop::StopSwitched{true, "operator", "let me look"}});
        }
    }

    void send_telemetry() {
        const auto& ports = climate_.ports;
        std::vector<loop::Input> inputs;
        for (const auto& change : world_.changes()) inputs.emplace_back(loop::Changed{change});
        loop::WindowsArrived arrived;
        loop::WindowsArrived late;
        if (now_.loop >= outage_until_ && chance(ports.outage))
            outage_until_ = now_.loop + some_seconds(20, 40);
        const bool nothing_comes = now_.loop < outage_until_ || chance(ports.batch_lost);
        if (!nothing_comes) arrived.windows.reserve(world_.windows().size());
        const bool rough = ports.window_lost + ports.window_late + ports.window_duplicated > 0;
        for (const auto& window : world_.windows()) {
            if (arrived.windows.capacity() == 0 || (rough && chance(ports.window_lost))) continue;
            if (rough && chance(ports.window_late)) {
                late.windows.push_back(window);
                continue;
            }
            arrived.windows.push_back(window);
            if (rough && chance(ports.window_duplicated)) late.windows.push_back(window);
        }
        if (chance(ports.batch_reordered)) shuffle(arrived.windows);
        counters_.windows += arrived.windows.size();
        inputs.emplace_back(std::move(arrived));
        post(kTelemetryDelay, std::move(inputs));
        if (late.windows.empty()) return;
        const auto delay = kTelemetryDelay + some_seconds(1, 5);
        post(delay, std::vector<loop::Input>{std::move(late)});
    }

    void shuffle(std::vector<model::FeatureWindow>& windows) {
        for (std::size_t i = windows.size(); i > 1; --i) std::swap(windows[i - 1], windows[prng_.below(i)]);
    }

    /// An operator presses the switch again when nobody was there to feel it.
    void deliver(std::vector<loop::Input> inputs) {
        const auto* command = inputs.empty() ? nullptr : std::get_if<loop::StopSwitched>(&inputs.front());
        if (controller_.is_dead() || journal_broken()) {
            if (command != nullptr) post(1s, std::move(inputs));
            return;
        }
        checkers_.on_inputs(inputs);
        controller_.step(now_, std::move(inputs));
    }

    bool journal_broken() const { return now_.loop < journal_broken_until_; }

    void execute(const model::Order& order) {
        const auto answer = refused_.contains(order.id) ||
                                    (!arrived_.contains(order.id) && chance(climate_.ports.order_refused))
                                ? refuse(order)
                                : world_.apply(order, now_.loop);
        arrived_.insert(order.id);
        checkers_.on_arrived(order, answer, now_);
        if (chance(climate_.ports.answer_lost)) return;
        auto delay = std::max(Duration::zero(), world_.completed_at(order.id) - now_.loop) + kNetworkDelay;
        if (chance(climate_.ports.answer_late)) delay += some_seconds(1, 20);
        post(delay, std::vector<loop::Input>{loop::OrderFinished{answer}});
    }

    model::OrderResult refuse(const model::Order& order) {
        refused_.insert(order.id);
        return {
            .id = order.id, .outcome = model::OrderOutcome::refused, .detail = "the actuator is not able to"};
    }

    // Outside
    bool append_journal(const loop::JournalEntry& entry) override {
        if (!journal_broken() && chance(climate_.ports.journal_fails))
            journal_broken_until_ = now_.loop + some_seconds(1, 10);
        if (journal_broken()) return false;
        hash_ = hash64("step", hash_ ^ static_cast<std::uint64_t>(entry.now.loop.time_since_epoch().count()));
        for (const auto& input : entry.inputs) hash_ = hash_of(input, hash_);
        return true;
    }

    bool append_audit(const model::AuditRecord& record) override {
        if (chance(climate_.ports.audit_fails)) return false;
        hash_ = hash64(record.hash, hash_);
        checkers_.on_record(record, now_);
        if (options_.trace) {
            options_.trace(now_, fmt::format("{:<18} {:<10} {}", to_string(record.kind),
                                             record.incident ? record.incident->value() : "", record.reason));
        }
        return true;
    }

    void send(const model::Order& order) override {
        ++counters_.orders;
        counters_.undone += order.undo ? 1 : 0;
        checkers_.on_sent(order, now_);
        const auto& ports = climate_.ports;
        if (chance(ports.order_lost)) return;
        post(chance(ports.order_late) ? some_seconds(1, 10) : kNetworkDelay, order);
        if (chance(ports.order_doubled)) post(some_seconds(0, 10), order);
    }

    void ask_approval(const model::IncidentId& incident) override {
        if (auto answer = people_.answer(incident, prng_)) {
            post(some_seconds(3, 15), std::vector<loop::Input>{*std::move(answer)});
        }
    }

    void publish(const loop::ActionReport& report) override {
        if (report.outcome != "escalated") return;
        ++counters_.escalated;
        people_.call(report.culprit, now_.loop);
    }

    model::OrderResult reconcile(const model::OrderId& order) override {
        if (refused_.contains(order)) return {.id = order, .outcome = model::OrderOutcome::refused};
        if (world_.completed_at(order) > now_.loop)
            return {.id = order, .outcome = model::OrderOutcome::unknown};
        return world_.reconcile(order);
    }

    bool dies_here() override { return chance(climate_.ports.controller_killed); }

    void on_replayed(const model::AuditRecord& durable, const model::AuditRecord& regenerated) override {
        checkers_.on_replayed(durable, regenerated, now_);
    }

    /// How much of normal life is claimed to be anomalous.
    void watch() {
        const auto& mask = reach_.touched(world_, now_.loop);
        const auto& state = world_.state();
        watched_.service_seconds += static_cast<double>(state.services.size());
        for (const auto& service : state.services) {
            watched_.normal_windows += mask.contains(service.profile.id) ? 0 : 1 + service.instances.size();
        }
        for (const auto& edge : state.edges) {
            const bool touched = mask.contains(state.services[edge.profile.caller].profile.id) ||
                                 mask.contains(state.services[edge.profile.callee].profile.id);
            watched_.normal_windows += touched ? 0 : 1;
        }
        if (controller_.is_dead()) return;
        for (const auto& anomaly : controller_.loop().anomalies()) {
            const auto& subject = anomaly.subject;
            const bool touched =
                mask.contains(subject.service) || (subject.callee && mask.contains(*subject.callee));
            watched_.normal_windows_claimed += touched ? 0 : 1;
        }
    }

    /// The storm is over: from here on everything must come to rest.
    void clear_up() {
        climate_.ports = PortClimate{.clock_skew = climate_.ports.clock_skew};
        people_ = People(climate_.ports, std::move(people_));
        journal_broken_until_ = LoopTime{};
        outage_until_ = LoopTime{};
        if (stop_until_) stop_until_ = now_.loop;
    }

    bool is_settled() const {
        if (controller_.is_dead() || stop_until_) return false;
        const auto& loop = controller_.loop();
        if (!loop.open_orders().empty() || loop.stopped()) return false;
        for (const auto& fault : world_.faults()) {
            if (fault.end == twin::FaultEnd::active) return false;
        }
        for (const auto& incident : loop.incidents()) {
            if (!incident.closed_at) return false;
        }
        const auto& services = world_.state().services;
        return std::all_of(services.begin(), services.end(),
                           [&](const auto& service) { return world_.is_healthy(service.profile.id); });
    }

    void tell_of_incidents(std::span<const TrueFault> faults, std::span<const Assessment> assessments) {
        for (const auto& [incident, fault, first] : assessments) {
            const auto about =
                fault ? fmt::format("{} about {} of {}", first ? "first" : "again",
                                    faults[*fault].kind ? to_string(*faults[*fault].kind) : "glitch",
                                    faults[*fault].service.value())
                      : "about nothing";
            options_.trace(
                {LoopTime{incident->opened_at - world_.state().epoch - climate_.ports.clock_skew}, {}},
                fmt::format("ASSESSED {} {}, {}: {}", incident->id.value(), about, to_string(incident->state),
                            incident->reason));
        }
    }

    RunResult result() {
        std::vector<TrueFault> faults;
        for (const auto& record : world_.faults()) {
            if (record.kind == twin::FaultKind::benign_load ||
                record.kind == twin::FaultKind::benign_deployment)
                continue;
            const auto event_time = [&](LoopTime at) { return world_.state().epoch + at.time_since_epoch(); };
            const auto ended_at = std::max(record.ended_at, record.felt_until);
            faults.push_back({.service = record.service,
                              .kind = twin::cause_of(record.kind),
                              .begin = event_time(record.injected_at),
                              .end = record.ended_at ? std::optional(event_time(*ended_at)) : std::nullopt,
                              .needs_action = record.needs_action(),
                              .cured = record.end == twin::FaultEnd::cured,
                              .repaired = record.end == twin::FaultEnd::repaired});
        }
        RunResult result;
        const auto incidents =
            controller_.is_dead() ? std::vector<model::Incident>{} : controller_.loop().incidents();
        const auto may_concern = [&](const auto& culprit, const auto& blamed) {
            return reach_.may_concern(culprit, blamed);
        };
        result.kpi.add(faults, incidents, may_concern);
        const auto assessments = assess(faults, incidents, may_concern);
        if (options_.trace) tell_of_incidents(faults, assessments);
        result.flaws = flaws_of(faults, assessments);
        result.kpi.add(watched_);
        result.violations = checkers_.violations();
        result.journal_hash = hash_;
        result.counters = counters_;
        result.counters.steps = controller_.counters().steps;
        result.counters.deaths = controller_.counters().deaths;
        result.counters.reconciled = controller_.counters().reconciled;
        result.counters.inputs_lost = controller_.counters().inputs_lost;
        result.counters.needless = checkers_.needless();
        return result;
    }

    RunOptions options_;
    Prng prng_;
    RunClimate climate_;
    twin::World world_;
    Reach reach_;
    FaultPlan plan_;
    People people_;
    Checkers checkers_;
    Controller controller_;

    Instant now_;
    std::map<std::pair<LoopTime, std::uint64_t>, Message> queue_;  // by time, then by sequence
    std::uint64_t sequence_ = 0;
    std::uint64_t hash_ = 0;
    std::set<model::OrderId> arrived_;
    std::set<model::OrderId> refused_;
    std::optional<LoopTime> restart_at_;
    std::optional<LoopTime> stop_until_;
    LoopTime journal_broken_until_{};
    LoopTime outage_until_{};
    std::map<std::uint32_t, std::pair<bool, twin::FaultEnd>> told_;  // of the trace
    Watched watched_;
    RunCounters counters_;
};

/// Some services of a storm may be watched only, or be acted upon with a person's yes.
void draw_policy(Prng& prng, const twin::World& world, policy::PolicyConfig& policy) {
    policy::PolicyRule watched{.mode = model::Autonomy::observe};
    policy::PolicyRule asked{.mode = model::Autonomy::approve};
    for (const auto& service : world.state().services) {
        const auto draw = prng.below(10);
        if (draw == 0) watched.services.push_back(service.profile.id);
        if (draw == 1) asked.services.push_back(service.profile.id);
    }
    if (!watched.services.empty()) policy.rules.push_back(std::move(watched));
    if (!asked.services.empty()) policy.rules.push_back(std::move(asked));
}

}  // namespace

void RunCounters::add(const RunCounters& other) {
    seconds += other.seconds;
    windows += other.windows;
    steps += other.steps;
    deaths += other.deaths;
    orders += other.orders;
    undone += other.undone;
    reconciled += other.reconciled;
    needless += other.needless;
    escalated += other.escalated;
    inputs_lost += other.inputs_lost;
}

Result<RunResult> run_one(const RunOptions& options) {
    Prng prng(options.seed);
    const auto climate = draw_climate(prng, options.weather);
    const twin::WorldConfig config{
        .seed = prng.next(), .services = options.services, .climate = climate.world};
    HOMEOSTAT_TRY(auto world, twin::World::create(config));
    RunOptions drawn = options;
    if (options.weather == Weather::stormy) draw_policy(prng, world, drawn.loop.policy);
    if (auto checked = loop::Loop::create(drawn.loop); !checked)
        return std::unexpected(std::move(checked).error());
    return Run(drawn, std::move(world), climate, prng).run();
}

}  // namespace homeostat::sim
