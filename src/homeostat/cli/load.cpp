// SPDX-License-Identifier: Apache-2.0
#include "homeostat/cli/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "homeostat/adapters/yaml/yaml.h"
#include "homeostat/plan/lint.h"
#include "homeostat/plan/playbook_reader.h"

namespace homeostat::cli {
namespace {

namespace fs = std::filesystem;

bool is_yaml(const fs::path& path) {
    return path.extension() == ".yaml" || path.extension() == ".yml";
}

Problem absent(const std::string& path) {
    return {.file = path,
            .message = "there is no such file or directory",
            .cure = "correct the path",
            .rule = "unreadable"};
}

/// The playbook files that a configuration names; a path that is not there is a problem of the configuration.
std::vector<std::string> playbook_files(const Document& document, const config::Config& config,
                                        Problems& problems) {
    std::vector<std::string> files;
    const auto* nodes = document.root.find("playbooks");
    for (std::size_t i = 0; i < config.playbooks.size(); ++i) {
        const auto path = (fs::path(document.file).parent_path() / config.playbooks[i]).string();
        Problems here;
        auto found = yaml_files({path}, here);
        files.insert(files.end(), std::make_move_iterator(found.begin()),
                     std::make_move_iterator(found.end()));
        for (auto& problem : here) {
            const auto& node = nodes->items[i];
            problem.message = fmt::format("'{}': {}", problem.file, problem.message);
            problem.cure = "correct the path; it is relative to this file";
            problem.file = document.file;
            problem.line = node.line;
            problem.column = node.column;
            problem.field = fmt::format("playbooks[{}]", i);
            problems.push_back(std::move(problem));
        }
    }
    return files;
}

/// The file's bytes; of one that is longer than a model may be only a little more than that.
Result<std::string> read_model_text(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::string text(detect::ForestModel::kTextMax + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (!in.is_open() || in.bad() || text.empty()) {
        return fail(ErrorCode::not_found, "it cannot be read, or is empty");
    }
    return text;
}

/// Reads the saved model that the configuration names.
void read_saved_model(const Document& document, config::Config& config, Problems& problems) {
    auto& forest = config.detect.forest;
    if (forest.model.empty()) return;
    const auto file = (fs::path(document.file).parent_path() / forest.model).string();
    auto text = read_model_text(file);
    const auto model = text ? detect::ForestModel::load(*text) : std::unexpected(text.error());
    if (model) {
        forest.model_text = *std::move(text);
        return;
    }
    const auto* node = document.root.find("detect");
    for (const auto* step : {"forest", "model"}) node = node == nullptr ? nullptr : node->find(step);
    problems.push_back({.file = document.file,
                        .line = node == nullptr ? 0 : node->line,
                        .column = node == nullptr ? 0 : node->column,
                        .field = "detect.forest.model",
                        .message = fmt::format("'{}': {}", file, model.error().message),
                        .cure = "correct the path, which is relative to this file, or make the model with "
                                "'homeostat model train'",
                        .rule = "bad-model"});
}

}  // namespace

Result<detect::ForestModel> load_model(const std::string& file) {
    HOMEOSTAT_TRY(const auto text, read_model_text(file));
    return detect::ForestModel::load(text);
}

std::vector<std::string> yaml_files(const std::vector<std::string>& paths, Problems& problems) {
    std::vector<std::string> files;
    for (const auto& path : paths) {
        std::error_code error;
        if (!fs::is_directory(path, error)) {
            if (fs::exists(path, error)) {
                files.push_back(path);
            } else {
                problems.push_back(absent(path));
            }
            continue;
        }
        std::vector<std::string> found;
        for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
            if (is_yaml(entry->path())) found.push_back(entry->path().string());
        }
        if (error) {
            problems.push_back({.file = path,
                                .message = "cannot be listed: " + error.message(),
                                .cure = "check its permissions",
                                .rule = "unreadable"});
        }
        std::ranges::sort(found);
        files.insert(files.end(), found.begin(), found.end());
    }
    return files;
}

std::vector<plan::Playbook> load_playbooks(const std::vector<std::string>& files, Problems& problems) {
    std::vector<plan::Playbook> playbooks;
    for (const auto& file : files) {
        for (const auto& document : yaml::read_file_all(file, problems)) {
            auto playbook = plan::read_playbook(document, yaml::parse, problems);
            if (playbook) playbooks.push_back(*std::move(playbook));
        }
    }
    plan::lint_library(playbooks, problems);
    return playbooks;
}

Loaded load(const std::string& file) {
    Loaded loaded;
    const auto document = yaml::read_file(file, loaded.problems);
    if (!document) return loaded;
    if (!config::read(*document, loaded.config, loaded.problems) &&
        std::ranges::any_of(loaded.problems,
                            [](const Problem& p) { return p.field.starts_with("playbooks"); })) {
        return loaded;  // which files are meant is not known
    }
    read_saved_model(*document, loaded.config, loaded.problems);
    const auto files = playbook_files(*document, loaded.config, loaded.problems);
    loaded.playbooks = load_playbooks(files, loaded.problems);
    sort_by_place(loaded.problems);
    return loaded;
}

}  // namespace homeostat::cli
