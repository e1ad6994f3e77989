// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/detection.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>
#include <utility>

#include "homeostat/base/hash.h"
#include "homeostat/detect/archive.h"
#include "homeostat/detect/numeric.h"
#include "homeostat/detect/subject_state.h"
#include "homeostat/detect/vote.h"

namespace homeostat::detect {

using model::Anomaly;
using model::AnomalyState;
using model::Feature;
using model::FeatureWindow;
using model::Subject;

namespace {

constexpr Duration kWindow = std::chrono::seconds(1);
constexpr Duration kUnseen = std::chrono::seconds(60);  // after which an anomaly is no longer claimed
constexpr double kFindingSurprise = 2;                  // p <= 0.01
constexpr double kTrustedSurprise = 2;  // a window more surprising than this is not learned from

constexpr double kTrustedLasting = 1;

struct SubjectHash {
    std::size_t operator()(const Subject& subject) const noexcept {
        std::uint64_t hash = hash64(subject.service.value());
        if (subject.callee) hash = hash64(subject.callee->value(), hash);
        if (subject.instance) hash = hash64(subject.instance->value(), hash + 1);
        return hash;
    }
};

double power_of_ten(double exponent) {
    return numeric::exp(exponent * 2.302585092994045684);
}

bool is_valid(const FeatureWindow& window) {
    for (std::size_t i = 0; i < model::kFeatureCount; ++i) {
        const auto feature = static_cast<Feature>(i);
        const double value = window.values.get_or(feature, 0);
        const double most = feature == Feature::error_rate ? 1 : 1e15;
        if (!(value >= 0 && value <= most)) return false;
    }
    return true;
}

/// One subject: what is learned of it, and the state of its vote.
struct Watched {
    Subject subject;
    EventTime last_end{};
    bool seen = false;
    SubjectState state;
    Vote vote;
    std::optional<Anomaly> anomaly;  // while open
    std::optional<model::DeploymentVersion> version;
    bool accept_next = false;

    template <class A>
    void archive(A& a) {
        a(last_end, seen, state, vote, version, accept_next);
    }
};

constexpr std::string_view kMagic = "homeostat-detect-1";

}  // namespace

class Detection::Impl {
public:
    explicit Impl(DetectConfig config) : config_(std::move(config)) {}

    std::optional<Anomaly> observe(const FeatureWindow& window);
    void hold(const model::ServiceId& service, bool held);
    void note(const model::ChangeEvent& change);
    void accept(const Subject& subject);
    [[nodiscard]] std::optional<Baseline> baseline(const Subject& subject) const;
    [[nodiscard]] std::vector<Anomaly> open() const;
    [[nodiscard]] const DetectionCounters& counters() const { return counters_; }
    [[nodiscard]] std::string snapshot() const;
    [[nodiscard]] Result<> restore(std::string_view bytes);

private:
    [[nodiscard]] std::uint64_t config_hash() const { return hash64(json::to_text(to_json(config_))); }
    void read_subjects(Reader& reader);
    Watched* find_or_add(const FeatureWindow& window);
    void make_room(EventTime now);
    std::optional<Anomaly> see_stale(const FeatureWindow& window);
    std::optional<Anomaly> judge(Watched& watched, const FeatureWindow& window);
    std::optional<Anomaly> report(Watched& watched, VoteState state, const Reading& reading,
                                  const FeatureWindow& window);
    [[nodiscard]] std::vector<model::Finding> findings(const Watched& watched, const Reading& reading,
                                                       const FeatureWindow& window) const;
    [[nodiscard]] bool is_held(const Subject& subject) const;

    DetectConfig config_;
    std::unordered_map<Subject, std::unique_ptr<Watched>, SubjectHash>
        subjects_;  // never iterated into outputs
    std::set<model::ServiceId> held_;
    DetectionCounters counters_;
};

Watched* Detection::Impl::find_or_add(const FeatureWindow& window) {
    if (const auto found = subjects_.find(window.subject); found != subjects_.end())
        return found->second.get();
    const auto bound = static_cast<std::size_t>(config_.max_subjects);
    if (subjects_.size() >= bound) make_room(window.end);
    if (subjects_.size() >= bound) {
        ++counters_.subjects_refused;
        return nullptr;
    }
    auto& watched = subjects_[window.subject];
    watched = std::make_unique<Watched>();
    watched->subject = window.subject;
    return watched.get();
}

void Detection::Impl::make_room(EventTime now) {
    std::erase_if(subjects_,
                  [&](const auto& entry) { return now - entry.second->last_end > config_.forget_after; });
}

bool Detection::Impl::is_held(const Subject& subject) const {
    if (held_.empty()) return false;
    return held_.contains(subject.service) || (subject.callee && held_.contains(*subject.callee));
}

std::optional<Anomaly> Detection::Impl::see_stale(const FeatureWindow& window) {
    ++counters_.stale;
    const auto found = subjects_.find(window.subject);
    if (found == subjects_.end()) return std::nullopt;
    auto& watched = *found->second;
    if (window.end - watched.last_end < kUnseen) return std::nullopt;
    watched.vote.reset();
    if (!watched.anomaly) return std::nullopt;
    Anomaly cleared{.subject = window.subject,
                    .state = AnomalyState::cleared,
                    .onset = watched.anomaly->onset,
                    .at = window.end};
    watched.anomaly.reset();
    ++counters_.cleared;
    return cleared;
}

std::optional<Anomaly> Detection::Impl::observe(const FeatureWindow& window) {
    if (window.length != kWindow) {
        ++counters_.ignored;
        return std::nullopt;
    }
    if (window.freshness == model::Freshness::stale) return see_stale(window);
    if (!is_valid(window)) {
        ++counters_.invalid;
        return std::nullopt;
    }
    auto* watched = find_or_add(window);
    if (watched == nullptr) return std::nullopt;
    if (watched->seen && window.end <= watched->last_end) {
        ++counters_.ignored;
        return std::nullopt;
    }
    watched->seen = true;
    watched->last_end = window.end;
    return judge(*watched, window);
}

std::optional<Anomaly> Detection::Impl::judge(Watched& watched, const FeatureWindow& window) {
    ++counters_.judged;
    if (window.version && window.version != watched.version) {
        if (watched.version) watched.state.expect_change();
        watched.version = window.version;
    }
    if (std::exchange(watched.accept_next, false)) watched.state.restart(window, true);
    const Reading reading = watched.state.read(window, config_);
    VoteState state = VoteState::normal;
    if (!window.subject.is_instance() || config_.judge_instances) {
        state = watched.vote.add(
            {.surprise = reading.surprise, .gross = reading.gross, .lasting = reading.lasting}, window.end,
            config_);
    }
    const bool held = is_held(window.subject);
    const bool trusted = !watched.vote.is_open() && reading.surprise <= kTrustedSurprise &&
                         watched.vote.sum() <= kTrustedSurprise && reading.lasting <= kTrustedLasting;
    if (state == VoteState::cleared) watched.state.suspicion_was_right();
    if (state == VoteState::normal && !held) watched.state.suspicion_was_vain();
    if (trusted && !held) {
        watched.state.learn(window, reading);
    } else if (state == VoteState::suspected) {
        watched.state.suspect(reading, window);
    }
    if (state == VoteState::ongoing && !held && window.end - watched.vote.onset() >= config_.adapt_after) {
        watched.state.restart(window, false);
    }
    if (state == VoteState::normal || state == VoteState::suspected) return std::nullopt;
    return report(watched, state, reading, window);
}

std::vector<model::Finding> Detection::Impl::findings(const Watched& watched, const Reading& reading,
                                                      const FeatureWindow& window) const {
    std::vector<model::Finding> findings;
    std::vector<double> surprises;
    for (std::size_t i = 0; i < model::kFeatureCount; ++i) {
        const auto feature = static_cast<Feature>(i);
        const auto& deviation = reading.deviations[i];
        if (!window.values.has(feature) || !deviation.notable) continue;
        const double surprise = watched.state.surprise(feature, deviation);
        if (surprise < kFindingSurprise) continue;
        const auto range = watched.state.range(feature, reading.load);
        findings.push_back({.feature = feature,
                            .observed = window.values.get_or(feature, 0),
                            .expected_low = range.low,
                            .expected_high = range.high,
                            .p_value = power_of_ten(-surprise),
                            .contribution = surprise});
    }
    double total = 0;
    for (const auto& finding : findings) total += finding.contribution;
    for (auto& finding : findings) finding.contribution /= total;
    std::ranges::stable_sort(findings, std::ranges::greater{}, &model::Finding::contribution);
    return findings;
}

std::optional<Anomaly> Detection::Impl::report(Watched& watched, VoteState state, const Reading& reading,
                                               const FeatureWindow& window) {
    Anomaly anomaly{.subject = window.subject, .at = window.end};
    anomaly.p_value = power_of_ten(-std::max({reading.surprise, reading.lasting, watched.vote.sum()}));
    anomaly.findings = findings(watched, reading, window);
    if (state == VoteState::opened) {
        anomaly.state = AnomalyState::opened;
        anomaly.onset = watched.vote.onset();
        ++counters_.opened;
    } else {
        anomaly.state = state == VoteState::cleared ? AnomalyState::cleared : AnomalyState::ongoing;
        anomaly.onset = watched.anomaly->onset;
    }
    if (state == VoteState::cleared) {
        watched.anomaly.reset();
        ++counters_.cleared;
    } else {
        watched.anomaly = anomaly;
    }
    return anomaly;
}

void Detection::Impl::hold(const model::ServiceId& service, bool held) {
    if (held) {
        held_.insert(service);
    } else {
        held_.erase(service);
    }
}

void Detection::Impl::note(const model::ChangeEvent& change) {
    const Subject subject{.service = change.service};
    if (const auto found = subjects_.find(subject); found != subjects_.end())
        found->second->state.expect_change();
}

void Detection::Impl::accept(const Subject& subject) {
    if (const auto found = subjects_.find(subject); found != subjects_.end())
        found->second->accept_next = true;
}

std::optional<Baseline> Detection::Impl::baseline(const Subject& subject) const {
    const auto found = subjects_.find(subject);
    if (found == subjects_.end() || found->second->state.windows() < config_.warm_up) return std::nullopt;
    return found->second->state.baseline();
}

std::vector<Anomaly> Detection::Impl::open() const {
    std::vector<Anomaly> open;
    for (const auto& [subject, watched] : subjects_) {
        if (watched->anomaly) open.push_back(*watched->anomaly);
    }
    std::ranges::sort(open, {}, &Anomaly::subject);
    return open;
}

// magic, hash of the configuration, counters, held services, subjects in their order, hash of all before.
std::string Detection::Impl::snapshot() const {
    Writer writer;
    writer(std::string(kMagic), config_hash(), counters_, std::vector(held_.begin(), held_.end()));
    std::vector<Watched*> watched;
    for (const auto& [subject, entry] : subjects_) watched.push_back(entry.get());
    std::ranges::sort(watched, {}, &Watched::subject);
    writer(watched.size());
    for (auto* entry : watched) {
        writer(json::to_text(to_json(entry->subject)), *entry);
        writer(entry->anomaly ? json::to_text(to_json(*entry->anomaly)) : std::string());
    }
    auto bytes = writer.take();
    Writer seal;
    seal(hash64(bytes));
    return bytes + seal.take();
}

void Detection::Impl::read_subjects(Reader& reader) {
    std::size_t count = 0;
    reader(count);
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
        auto watched = std::make_unique<Watched>();
        std::string subject;
        std::string anomaly;
        reader(subject, *watched, anomaly);
        const auto subject_json = json::parse(subject);
        if (!subject_json || !read_json(*subject_json, watched->subject)) return reader.fail();
        if (!anomaly.empty()) {
            const auto anomaly_json = json::parse(anomaly);
            if (!anomaly_json || !read_json(*anomaly_json, watched->anomaly)) return reader.fail();
        }
        subjects_[watched->subject] = std::move(watched);
    }
}

Result<> Detection::Impl::restore(std::string_view bytes) {
    std::uint64_t seal = 0;
    if (bytes.size() < sizeof(seal)) return fail(ErrorCode::data_loss, "detect: the snapshot is too short");
    const auto body = bytes.substr(0, bytes.size() - sizeof(seal));
    Reader(bytes.substr(body.size()))(seal);
    if (seal != hash64(body)) return fail(ErrorCode::data_loss, "detect: the snapshot is damaged");
    Reader reader(body);
    std::string magic;
    std::uint64_t config = 0;
    reader(magic, config);
    if (magic != kMagic || config != config_hash()) {
        return fail(ErrorCode::failed_precondition,
                    "detect: the snapshot is of another version or configuration: warm up anew");
    }
    Impl restored(config_);
    std::vector<model::ServiceId> held;
    reader(restored.counters_, held);
    restored.held_ = {held.begin(), held.end()};
    restored.read_subjects(reader);
    if (!reader.done()) return fail(ErrorCode::data_loss, "detect: the snapshot does not decode");
    *this = std::move(restored);
    return {};
}

namespace {

Result<> check(const DetectConfig& config) {
    const auto bad = [](const std::string& what) {
        return fail(ErrorCode::invalid_argument, "detect: " + what);
    };
    if (!(config.false_alarm_rate > 0 && config.false_alarm_rate < 0.01)) {
        return bad("false_alarm_rate must lie between 0 and 0.01");
    }
    if (config.windows_to_open < 1 || config.windows_to_open > 60)
        return bad("windows_to_open must be 1 to 60");
    if (config.windows_to_clear < 1 || config.windows_to_clear > 600) {
        return bad("windows_to_clear must be 1 to 600");
    }
    if (config.warm_up < 10 || config.warm_up > 3600) return bad("warm_up must be 10 to 3600 windows");
    if (config.max_subjects < 1) return bad("max_subjects must be at least 1");
    return {};
}

}  // namespace

Result<Detection> Detection::create(DetectConfig config) {
    if (auto checked = check(config); !checked) return std::unexpected(std::move(checked).error());
    return Detection(std::make_unique<Impl>(std::move(config)));
}

Detection::Detection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Detection::Detection(Detection&&) noexcept = default;
Detection& Detection::operator=(Detection&&) noexcept = default;
Detection::~Detection() = default;

std::optional<Anomaly> Detection::observe(const FeatureWindow& window) {
    return impl_->observe(window);
}
void Detection::hold_learning(const model::ServiceId& service, bool held) {
    impl_->hold(service, held);
}
void Detection::note(const model::ChangeEvent& change) {
    impl_->note(change);
}
void Detection::accept(const Subject& subject) {
    impl_->accept(subject);
}
std::optional<Baseline> Detection::baseline(const Subject& subject) const {
    return impl_->baseline(subject);
}
std::vector<Anomaly> Detection::open() const {
    return impl_->open();
}
std::string Detection::snapshot() const {
    return impl_->snapshot();
}
Result<> Detection::restore(std::string_view snapshot) {
    return impl_->restore(snapshot);
}
const DetectionCounters& Detection::counters() const {
    return impl_->counters();
}

}  // namespace homeostat::detect
