// SPDX-License-Identifier: Apache-2.0
#include "homeostat/sim/controller.h"

#include <algorithm>
#include <utility>

#include "homeostat/base/check.h"

namespace homeostat::sim {
namespace {

using namespace std::chrono_literals;

/// An answer that has not come by then is asked for.
constexpr Duration kAskAfter = 6s;

bool is_telemetry(const loop::Input& input) {
    return std::holds_alternative<loop::WindowsArrived>(input) ||
           std::holds_alternative<loop::Changed>(input);
}

}  // namespace

Controller::Controller(loop::LoopConfig config, Mutant mutant, Outside& outside, bool keep_journal)
    : config_(std::move(config)), mutant_(mutant), outside_(outside), keep_journal_(keep_journal) {
    plant(mutant_, config_);
    create();
}

void Controller::create() {
    auto loop = loop::Loop::create(config_);
    HOMEOSTAT_CHECK(loop.has_value());
    loop_ = std::make_unique<loop::Loop>(*std::move(loop));
}

void Controller::die() {
    loop_.reset();
    backlog_.clear();
    ++counters_.deaths;
}

void Controller::step(Instant now, std::vector<loop::Input> inputs) {
    if (is_dead()) return;
    mistake_inputs(inputs);
    inputs.insert(inputs.begin(), std::make_move_iterator(backlog_.begin()),
                  std::make_move_iterator(backlog_.end()));
    backlog_.clear();
    loop::JournalEntry entry{.now = now, .inputs = std::move(inputs)};
    if (!outside_.append_journal(entry)) {
        for (auto& input : entry.inputs) {
            if (is_telemetry(input) || backlog_.size() == kMaxBacklog)
                ++counters_.inputs_lost;
            else
                backlog_.push_back(std::move(input));
        }
        return;
    }
    ++counters_.steps;
    for (const auto& input : entry.inputs) {
        if (const auto* finished = std::get_if<loop::OrderFinished>(&input))
            in_flight_.erase(finished->result.id);
    }
    auto effects = loop_->step(now, entry.inputs);
    if (keep_journal_) journal_.push_back(std::move(entry));
    mistake_effects(effects);
    carry_out(effects, now);
}

void Controller::carry_out(const std::vector<loop::Effect>& effects, Instant now) {
    for (const auto& effect : effects) {
        if (outside_.dies_here() || !carry_out(effect)) {
            die();
            return;
        }
        if (const auto* sent = std::get_if<loop::SendOrder>(&effect)) in_flight_[sent->order.id] = now.loop;
    }
}

bool Controller::carry_out(const loop::Effect& effect) {
    if (const auto* record = std::get_if<loop::Record>(&effect)) {
        if (!outside_.append_audit(record->record)) return false;
        if (keep_journal_) audit_.push_back(record->record);
    } else if (const auto* sent = std::get_if<loop::SendOrder>(&effect)) {
        outside_.send(sent->order);
    } else if (const auto* request = std::get_if<loop::RequestApproval>(&effect)) {
        outside_.ask_approval(request->incident);
    } else if (const auto* publish = std::get_if<loop::Publish>(&effect)) {
        outside_.publish(publish->report);
    }
    return true;
}

/// Runs the whole journal again. What is durable must come out again word for word; what comes after it is
/// the rest that the dead process did not get to.
void Controller::replay(std::vector<loop::Effect>& rest) {
    std::size_t seen = 0;
    for (const auto& entry : journal_) {
        auto effects = loop_->step(entry.now, entry.inputs);
        mistake_effects(effects);
        for (auto& effect : effects) {
            const auto* record = std::get_if<loop::Record>(&effect);
            if (record != nullptr && seen < audit_.size()) {
                outside_.on_replayed(audit_[seen++], record->record);
            } else if (seen >= audit_.size() && (record != nullptr || !rest.empty())) {
                rest.push_back(std::move(effect));
            }
        }
    }
}

void Controller::restart(Instant now) {
    create();
    in_flight_.clear();
    std::vector<loop::Effect> rest;
    if (mutant_ == Mutant::forget_after_crash) {
        journal_.clear();
        audit_.clear();
    }
    if (mutant_ == Mutant::lose_journal_entry && journal_.size() > 1) journal_.erase(journal_.end() - 2);
    replay(rest);
    std::set<model::OrderId> fresh;  // their intent was not durable, so they cannot have left
    for (const auto& effect : rest) {
        if (const auto* sent = std::get_if<loop::SendOrder>(&effect)) fresh.insert(sent->order.id);
    }
    for (auto order : loop_->open_orders()) {
        if (fresh.contains(order.id)) continue;
        in_flight_[order.id] = LoopTime::min();  // ask at once
        if (mutant_ == Mutant::repeat_after_crash) {
            order.id = model::OrderId{order.id.value() + "-again"};
            outside_.send(order);
        }
    }
    for (const auto& incident : loop_->incidents()) {
        if (incident.state == model::IncidentState::awaiting_approval) outside_.ask_approval(incident.id);
    }
    carry_out(rest, now);
}

void Controller::poll(Instant now) {
    if (is_dead()) return;
    std::vector<loop::Input> inputs;
    for (auto& result : invented_) inputs.emplace_back(loop::OrderFinished{std::move(result)});
    invented_.clear();
    for (const auto& [id, sent] : in_flight_) {
        if (sent != LoopTime::min() && now.loop - sent < kAskAfter) continue;
        auto result = outside_.reconcile(id);
        if (result.outcome == model::OrderOutcome::unknown) continue;
        inputs.emplace_back(loop::OrderFinished{std::move(result)});
        ++counters_.reconciled;
    }
    if (mutant_ == Mutant::trust_stale) inputs.emplace_back(loop::WindowsArrived{remembered_at(now.event)});
    if (!inputs.empty()) step(now, std::move(inputs));
}

void Controller::mistake_inputs(std::vector<loop::Input>& inputs) {
    for (auto& input : inputs) {
        if (auto* finished = std::get_if<loop::OrderFinished>(&input)) mistake_result(finished->result);
        if (auto* answer = std::get_if<loop::ApprovalAnswered>(&input)) {
            answer->approved = answer->approved || mutant_ == Mutant::ignore_denial;
        }
        if (auto* arrived = std::get_if<loop::WindowsArrived>(&input)) {
            if (mutant_ != Mutant::trust_stale) continue;
            for (const auto& window : arrived->windows) {
                if (window.freshness == model::Freshness::fresh) remembered_[window.subject] = window;
            }
        }
    }
    if (mutant_ == Mutant::ignore_stop) {
        std::erase_if(inputs,
                      [](const auto& input) { return std::holds_alternative<loop::StopSwitched>(input); });
    }
}

void Controller::mistake_result(model::OrderResult& result) {
    if (mutant_ == Mutant::assume_done) result.outcome = model::OrderOutcome::done;
    const auto alias = aliases_.find(result.id);
    if (alias != aliases_.end()) result.id = alias->second;
}

/// All that was ever seen, as if it had been seen just now.
std::vector<model::FeatureWindow> Controller::remembered_at(EventTime end) {
    std::vector<model::FeatureWindow> windows;
    for (const auto& [subject, window] : remembered_) {
        windows.push_back(window);
        windows.back().end = end;
    }
    return windows;
}

void Controller::mistake_effects(std::vector<loop::Effect>& effects) {
    for (std::size_t i = 0; i < effects.size(); ++i) {
        auto* sent = std::get_if<loop::SendOrder>(&effects[i]);
        if (sent == nullptr) continue;
        if (mutant_ == Mutant::act_before_audit && i > 0) {
            std::swap(effects[i - 1], effects[i]);
        } else if (mutant_ == Mutant::reuse_ids) {
            const model::OrderId shared{sent->order.incident.value()};
            aliases_[shared] = sent->order.id;
            sent->order.id = shared;
        } else if (mutant_ == Mutant::skip_undo && sent->order.undo) {
            invented_.push_back({.id = sent->order.id, .outcome = model::OrderOutcome::done});
            effects.erase(effects.begin() + static_cast<std::ptrdiff_t>(i--));
        }
    }
    if (mutant_ == Mutant::drop_record) {
        std::erase_if(effects, [](const auto& effect) {
            const auto* record = std::get_if<loop::Record>(&effect);
            return record != nullptr && record->record.kind == model::RecordKind::order_finished;
        });
    }
}

}  // namespace homeostat::sim
