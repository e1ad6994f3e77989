// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/base/result.h"
#include "homeostat/detect/config.h"
#include "homeostat/model/anomaly.h"
#include "homeostat/model/change_event.h"
#include "homeostat/model/feature_window.h"
#include "homeostat/model/subject.h"

namespace homeostat::detect {

/// What recent normal data makes expected of one feature.
struct Range {
    double low = 0;  // the 99 % interval
    double median = 0;
    double high = 0;

    friend bool operator==(const Range&, const Range&) = default;
};

/// What recent normal data makes expected of a subject. Held while the subject is anomalous.
struct Baseline {
    std::array<std::optional<Range>, model::kFeatureCount> features;
    std::int64_t windows = 0;  // normal windows learned from

    [[nodiscard]] const std::optional<Range>& of(model::Feature feature) const {
        return features[static_cast<std::size_t>(feature)];
    }
};

/// What was counted since the start, for the metrics.
struct DetectionCounters {
    std::int64_t judged = 0;
    std::int64_t ignored = 0;  // not 1 s long, or not newer than the subject's last window
    std::int64_t invalid = 0;  // a value that is not finite, or negative
    std::int64_t stale = 0;
    std::int64_t opened = 0;
    std::int64_t cleared = 0;
    std::int64_t subjects_refused = 0;  // windows of subjects beyond `max_subjects`

    template <class A>
    void archive(A& a) {
        a(judged, ignored, invalid, stale, opened, cleared, subjects_refused);
    }
};

/// Judges whether subjects are as they normally are: a vote of detectors per subject and window.
///
/// A deterministic state machine: the same configuration and the same calls give the same verdicts, bit
/// for bit. It owns no clock; time arrives in the windows. Learns only from windows that look normal, of
/// services that are not held. README.md beside this file explains the statistics.
///
/// Lifecycle: create(), feed windows of each subject in the order of their end, snapshot(), restore().
/// Threads:   thread-compatible.
/// Bounds:    `max_subjects` subjects of a few KiB each; observe() does not allocate for a normal window
///            of a known subject, but for the seasonal refit and while a new forest grows.
class Detection {
public:
    /// Errors: `invalid_argument` naming the option that is out of its bounds, or what is wrong with the
    /// saved model.
    [[nodiscard]] static Result<Detection> create(DetectConfig config);

    Detection(const Detection&) = delete;
    Detection& operator=(const Detection&) = delete;
    Detection(Detection&&) noexcept;
    Detection& operator=(Detection&&) noexcept;
    ~Detection();

    /// Judges `window`, then learns from it. Returns an anomaly when a run opens, goes on or ends. Windows
    /// that are not 1 s long are ignored; a stale one is neither judged nor learned, but a subject unseen
    /// for a minute has its anomaly cleared without findings: it is no longer known to be unwell.
    [[nodiscard]] std::optional<model::Anomaly> observe(const model::FeatureWindow& window);

    /// While held, nothing is learned about the service, its instances and the edges at either end of it.
    void hold_learning(const model::ServiceId& service, bool held);

    /// A change that was made on purpose: new replicas, versions and instances are no anomaly in
    /// themselves, while errors and latency are judged as before.
    void note(const model::ChangeEvent& change);

    /// A person, or a verified benign cause, says that the subject is well as it is: it is learned anew.
    void accept(const model::Subject& subject);

    /// Empty for a subject that is unknown or still warming up.
    [[nodiscard]] std::optional<Baseline> baseline(const model::Subject& subject) const;

    /// The anomalies that are open, by subject, each as last reported.
    [[nodiscard]] std::vector<model::Anomaly> open() const;

    [[nodiscard]] const DetectionCounters& counters() const;

    /// The isolation forest at work; empty until there is one.
    [[nodiscard]] const model::ModelVersion& forest_version() const;
    /// A forest from the normal windows seen, as a saved model (forest_model.h). Errors:
    /// `failed_precondition` when they are too few.
    [[nodiscard]] Result<std::string> train_forest() const;

    /// Everything learned, in a versioned binary encoding: verdicts after restore() are bit for bit those
    /// without a restart.
    [[nodiscard]] std::string snapshot() const;

    /// Replaces the state. Errors: `data_loss` for damaged bytes, `failed_precondition` for another
    /// version or configuration; the old state then stays in force.
    [[nodiscard]] Result<> restore(std::string_view snapshot);

private:
    class Impl;
    explicit Detection(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace homeostat::detect
