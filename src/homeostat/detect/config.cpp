// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/config.h"

namespace homeostat::detect {
namespace {

std::unexpected<Error> bad(const std::string& what) {
    return fail(ErrorCode::invalid_argument, "detect: " + what);
}

Result<> validate_forest(const ForestConfig& config) {
    if (config.trees < 1 || config.trees > 1000) return bad("forest.trees must be 1 to 1000");
    if (config.sample < 16 || config.sample > 4096) return bad("forest.sample must be 16 to 4096");
    if (config.reservoir < 4 * config.sample || config.reservoir > 1'000'000) {
        return bad("forest.reservoir must be four times forest.sample to 1000000");
    }
    if (config.refresh_windows < 1000) return bad("forest.refresh_windows must be at least 1000");
    if (!config.model.empty() && config.model_text.empty()) {
        return bad("forest.model " + config.model + " was not read");
    }
    return {};
}

Result<> validate_forecast(const ForecastConfig& config) {
    if (config.step < std::chrono::seconds(1)) return bad("forecast.step must be at least 1s");
    if (config.history < 20 || config.history > 100'000)
        return bad("forecast.history must be 20 to 100000 steps");
    if (config.refit < config.step) return bad("forecast.refit must be at least forecast.step");
    if (config.change_points < 0 || config.change_points > 50)
        return bad("forecast.change_points must be 0 to 50");
    if (!(config.ridge > 0 && config.ridge < 1e6))
        return bad("forecast.ridge must lie between 0 and 1000000");
    if (config.seasons.size() > 8) return bad("forecast.seasons must be at most 8");
    for (const auto& season : config.seasons) {
        if (season.period < 4 * config.step)
            return bad("forecast.seasons: a period must be at least four steps");
        if (season.order < 1 || season.order > 8) return bad("forecast.seasons: an order must be 1 to 8");
    }
    return {};
}

}  // namespace

Result<> validate(const DetectConfig& config) {
    if (!(config.false_alarm_rate > 0 && config.false_alarm_rate < 0.01)) {
        return bad("false_alarm_rate must lie between 0 and 0.01");
    }
    if (config.windows_to_open < 1 || config.windows_to_open > 60)
        return bad("windows_to_open must be 1 to 60");
    if (config.windows_to_clear < 1 || config.windows_to_clear > 600)
        return bad("windows_to_clear must be 1 to 600");
    if (config.warm_up < 10 || config.warm_up > 3600) return bad("warm_up must be 10 to 3600 windows");
    if (config.max_subjects < 1) return bad("max_subjects must be at least 1");
    if (auto forest = validate_forest(config.forest); !forest) return forest;
    return validate_forecast(config.forecast);
}

}  // namespace homeostat::detect
