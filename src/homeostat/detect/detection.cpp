// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/detection.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "homeostat/base/hash.h"
#include "homeostat/detect/archive.h"
#include "homeostat/detect/forecaster.h"
#include "homeostat/detect/forest_detector.h"
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
constexpr double kForestSurprise = 1;
constexpr double kLn10 = 2.302585092994045684;

struct SubjectHash {
    std::size_t operator()(const Subject& subject) const noexcept {
        std::uint64_t hash = hash64(subject.service.value());
        if (subject.callee) hash = hash64(subject.callee->value(), hash);
        if (subject.instance) hash = hash64(subject.instance->value(), hash + 1);
        return hash;
    }
};

double power_of_ten(double exponent) {
    return numeric::exp(exponent * kLn10);
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
    std::optional<Forecaster> forecaster;  // of services
    Vote vote;
    std::optional<Anomaly> anomaly;  // while open
    std::optional<model::DeploymentVersion> version;
    bool accept_next = false;

    template <class A>
    void archive(A& a) {
        a(last_end, seen, state, forecaster, vote, version, accept_next);
    }
};

/// What the detectors say of one window.
struct Opinion {
    Reading reading;
    Forecaster::Forecast forecast;
    double forest_surprise = 0;
    Evidence evidence;  // what they vote together
};

constexpr std::string_view kMagic = "homeostat-detect-3";

}  // namespace

class Detection::Impl {
public:
    Impl(DetectConfig config, ForestModel model)
        : config_(std::move(config)),
          config_hash_(hash64(json::to_text(to_json(config_)))),
          forest_(config_.forest, std::move(model)) {
        config_.forest.model_text.clear();
    }

    std::optional<Anomaly> observe(const FeatureWindow& window);
    void hold(const model::ServiceId& service, bool held);
    void note(const model::ChangeEvent& change);
    void accept(const Subject& subject);
    [[nodiscard]] std::optional<Baseline> baseline(const Subject& subject) const;
    [[nodiscard]] std::vector<Anomaly> open() const;
    [[nodiscard]] const DetectionCounters& counters() const { return counters_; }
    [[nodiscard]] const ForestDetector& forest() const { return forest_; }
    [[nodiscard]] std::string snapshot() const;
    [[nodiscard]] Result<> restore(std::string_view bytes);

private:
    void read_subjects(Reader& reader);
    Watched* find_or_add(const FeatureWindow& window);
    void make_room(EventTime now);
    std::optional<Anomaly> see_stale(const FeatureWindow& window);
    std::optional<Anomaly> judge(Watched& watched, const FeatureWindow& window);
    Opinion consult(Watched& watched, const FeatureWindow& window) const;
    void learn(Watched& watched, const FeatureWindow& window, const Opinion& opinion, VoteState state);
    std::optional<Anomaly> report(Watched& watched, VoteState state, const Opinion& opinion,
                                  const FeatureWindow& window);
    [[nodiscard]] std::vector<model::DetectorVote> votes(const Watched& watched,
                                                         const Opinion& opinion) const;
    [[nodiscard]] std::vector<model::Finding> findings(const Watched& watched, const Reading& reading,
                                                       const FeatureWindow& window) const;
    [[nodiscard]] bool is_held(const Subject& subject) const;

    DetectConfig config_;
    std::uint64_t config_hash_;
    ForestDetector forest_;  // of all services
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
    if (window.subject.is_service()) watched->forecaster.emplace();
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
    const Opinion opinion = consult(watched, window);
    VoteState state = VoteState::normal;
    if (!window.subject.is_instance() || config_.judge_instances) {
        state = watched.vote.add(opinion.evidence, window.end, config_);
    }
    learn(watched, window, opinion, state);
    if (state == VoteState::normal || state == VoteState::suspected) return std::nullopt;
    return report(watched, state, opinion, window);
}

Opinion Detection::Impl::consult(Watched& watched, const FeatureWindow& window) const {
    Opinion opinion{.reading = watched.state.read(window)};
    auto& reading = opinion.reading;
    if (watched.forecaster) opinion.forecast = watched.forecaster->read(window, reading, config_.forecast);
    watched.state.weigh(window, config_, opinion.forecast.explained(), reading);
    double surprise = std::max(reading.surprise, opinion.forecast.surprise());
    double detectors = opinion.forecast.ready ? 2 : 1;
    // The forest corroborates harm; it does not see it alone, so a quiet window
    // need not pay for it.
    if (window.subject.is_service() && forest_.model().ready() && surprise >= kForestSurprise) {
        opinion.forest_surprise = forest_.model().surprise(ForestModel::row_of(reading));
        surprise = std::max(surprise, opinion.forest_surprise);
        ++detectors;
    }
    if (surprise > 0) surprise = std::max(0.0, surprise - numeric::log(detectors) / kLn10);
    opinion.evidence = {.surprise = surprise, .gross = reading.gross, .lasting = reading.lasting_most()};
    return opinion;
}

void Detection::Impl::learn(Watched& watched, const FeatureWindow& window, const Opinion& opinion,
                            VoteState state) {
    if (state == VoteState::cleared) watched.state.suspicion_was_right();
    if (is_held(window.subject)) return;
    if (state == VoteState::normal) watched.state.suspicion_was_vain();
    const auto& evidence = opinion.evidence;
    const bool trusted = !watched.vote.is_open() && evidence.surprise <= kTrustedSurprise &&
                         watched.vote.sum() <= kTrustedSurprise && evidence.lasting <= kTrustedLasting;
    if (trusted) {
        watched.state.learn(window, opinion.reading);
        if (watched.forecaster) {
            watched.forecaster->learn(window, opinion.reading, opinion.forecast, config_.forecast);
            if (watched.state.windows() > config_.warm_up)
                forest_.learn(ForestModel::row_of(opinion.reading), window.end);
        }
    } else if (!watched.vote.is_open()) {
        watched.state.suspect(opinion.reading, window);
    }
    if (state == VoteState::ongoing && window.end - watched.vote.onset() >= config_.adapt_after) {
        watched.state.restart(window, false);
    }
}

std::vector<model::DetectorVote> Detection::Impl::votes(const Watched& watched,
                                                        const Opinion& opinion) const {
    std::vector<model::DetectorVote> votes;
    votes.push_back({"robust", model::ModelVersion{"robust-1"}, power_of_ten(-opinion.reading.surprise)});
    votes.push_back({"lasting", model::ModelVersion{"lasting-1"}, power_of_ten(-opinion.evidence.lasting)});
    if (opinion.forecast.ready) {
        votes.push_back(
            {"forecast", watched.forecaster->version(), power_of_ten(-opinion.forecast.surprise())});
    }
    if (watched.subject.is_service() && forest_.model().ready()) {
        votes.push_back(
            {"isolation_forest", forest_.model().version(), power_of_ten(-opinion.forest_surprise)});
    }
    return votes;
}

std::vector<model::Finding> Detection::Impl::findings(const Watched& watched, const Reading& reading,
                                                      const FeatureWindow& window) const {
    std::vector<model::Finding> findings;
    for (std::size_t i = 0; i < model::kFeatureCount; ++i) {
        const auto feature = static_cast<Feature>(i);
        const auto& deviation = reading.deviations[i];
        if (!window.values.has(feature)) continue;
        const double momentary = deviation.notable ? watched.state.surprise(feature, deviation) : 0;
        const double surprise = std::max(momentary, reading.lasting[i]);
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
    std::ranges::sort(findings, [](const auto& a, const auto& b) {
        return std::tie(b.contribution, a.feature) < std::tie(a.contribution, b.feature);
    });
    return findings;
}

std::optional<Anomaly> Detection::Impl::report(Watched& watched, VoteState state, const Opinion& opinion,
                                               const FeatureWindow& window) {
    const auto& evidence = opinion.evidence;
    Anomaly anomaly{.subject = window.subject, .at = window.end};
    anomaly.p_value = power_of_ten(-std::max({evidence.surprise, evidence.lasting, watched.vote.sum()}));
    anomaly.findings = findings(watched, opinion.reading, window);
    anomaly.votes = votes(watched, opinion);
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

// magic, hash of the configuration, counters, held services, subjects in their
// order, hash of all before.
std::string Detection::Impl::snapshot() const {
    Writer writer;
    writer(std::string(kMagic), config_hash_, counters_, forest_, std::vector(held_.begin(), held_.end()));
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
    if (magic != kMagic || config != config_hash_) {
        return fail(ErrorCode::failed_precondition,
                    "detect: the snapshot is of another version or configuration: "
                    "warm up anew");
    }
    Impl restored(config_, {});
    restored.config_hash_ = config_hash_;
    std::vector<model::ServiceId> held;
    reader(restored.counters_, restored.forest_, held);
    restored.held_ = {held.begin(), held.end()};
    restored.read_subjects(reader);
    if (!reader.done()) return fail(ErrorCode::data_loss, "detect: the snapshot does not decode");
    *this = std::move(restored);
    return {};
}

Result<Detection> Detection::create(DetectConfig config) {
    if (auto checked = validate(config); !checked) return std::unexpected(std::move(checked).error());
    ForestModel model;
    if (!config.forest.model_text.empty()) {
        HOMEOSTAT_TRY(model, ForestModel::load(config.forest.model_text));
    }
    return Detection(std::make_unique<Impl>(std::move(config), std::move(model)));
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
const model::ModelVersion& Detection::forest_version() const {
    return impl_->forest().model().version();
}
Result<std::string> Detection::train_forest() const {
    HOMEOSTAT_TRY(const auto model, impl_->forest().train());
    return model.save();
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
