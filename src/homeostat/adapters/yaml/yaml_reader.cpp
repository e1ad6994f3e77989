// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <simdjson.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <system_error>
#include <utility>

#include "homeostat/adapters/yaml/yaml.h"

namespace homeostat::yaml {
namespace {

constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";

std::size_t cost_of(const Node& node) {
    std::size_t cost = sizeof(Node) + node.text.size();
    for (const auto& item : node.items) cost += cost_of(item);
    for (const auto& [key, value] : node.entries) cost += cost_of(key) + cost_of(value);
    return cost;
}

Node node_at(const YAML::Mark& mark, NodeKind kind) {
    return {.kind = kind, .line = mark.line + 1, .column = mark.column + 1};
}

/// Builds the tree from the parser's events: unlike YAML::Node it keeps doubled keys, sees aliases, and can
/// count.
class TreeBuilder final : public YAML::EventHandler {
public:
    [[nodiscard]] Node take_root() { return std::move(root_); }
    /// Where the document starts in the text.
    [[nodiscard]] const YAML::Mark& start() const { return start_; }

    void OnDocumentStart(const YAML::Mark& mark) override { start_ = mark; }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        add(mark, node_at(mark, NodeKind::null), anchor);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_application_tag(mark, tag);
        if (!simdjson::validate_utf8(value)) {  // yaml-cpp 0.7 writes "\N" and "\_" as one byte
            throw YAML::ParserException(mark, "an escape that does not give UTF-8 text");
        }
        auto node = node_at(mark, NodeKind::scalar);
        node.text = value;
        node.quoted = tag == "!" || tag == kStringTag;
        add(mark, std::move(node), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchored_.find(anchor);
        if (found == anchored_.end()) {
            throw YAML::ParserException(mark, "an alias stands inside of its own anchor");
        }
        spend(mark, cost_of(found->second));
        attach(mark, found->second);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, NodeKind::sequence);
    }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, NodeKind::mapping);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

private:
    struct Frame {
        Node node;
        std::optional<Node> key;  // of a mapping, while its value is awaited
        YAML::anchor_t anchor = 0;
        YAML::Mark mark;
    };

    static void refuse_application_tag(const YAML::Mark& mark, const std::string& tag) {
        if (tag.size() > 1 && tag.front() == '!') {
            throw YAML::ParserException(mark, fmt::format("the tag '{}' has no meaning here", tag));
        }
    }

    void spend(const YAML::Mark& mark, std::size_t cost) {
        spent_ += cost;
        if (spent_ > kMaxTreeBytes) {
            throw YAML::ParserException(
                mark, fmt::format("the document unfolds to more than {} MiB", kMaxTreeBytes >> 20U));
        }
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, NodeKind kind) {
        refuse_application_tag(mark, tag);
        if (stack_.size() >= kMaxDepth) {
            throw YAML::ParserException(mark, fmt::format("nested deeper than {} levels", kMaxDepth));
        }
        if (!stack_.empty() && stack_.back().node.kind == NodeKind::mapping && !stack_.back().key) {
            throw YAML::ParserException(mark, "a key must be a single value");
        }
        spend(mark, sizeof(Node));
        stack_.push_back({.node = node_at(mark, kind), .key = {}, .anchor = anchor, .mark = mark});
    }

    void close() {
        auto frame = std::move(stack_.back());
        stack_.pop_back();
        remember(frame.mark, frame.node, frame.anchor);
        attach(frame.mark, std::move(frame.node));
    }

    void add(const YAML::Mark& mark, Node node, YAML::anchor_t anchor) {
        spend(mark, cost_of(node));
        remember(mark, node, anchor);
        attach(mark, std::move(node));
    }

    void remember(const YAML::Mark& mark, const Node& node, YAML::anchor_t anchor) {
        if (anchor == 0) return;
        spend(mark, cost_of(node));
        anchored_.insert_or_assign(anchor, node);
    }

    void attach(const YAML::Mark& mark, Node node) {
        if (stack_.empty()) {
            root_ = std::move(node);
            return;
        }
        auto& parent = stack_.back();
        if (parent.node.kind == NodeKind::sequence) {
            parent.node.items.push_back(std::move(node));
        } else if (parent.key) {
            parent.node.entries.push_back({*std::move(parent.key), std::move(node)});
            parent.key.reset();
        } else {
            if (node.kind != NodeKind::scalar) {
                throw YAML::ParserException(mark, "a key must be a single value");
            }
            if (node.text == "<<" && !node.quoted) {
                throw YAML::ParserException(mark, "merge keys are not supported");
            }
            parent.key = std::move(node);
        }
    }

    Node root_;
    YAML::Mark start_;
    std::vector<Frame> stack_;
    std::map<YAML::anchor_t, Node> anchored_;
    std::size_t spent_ = 0;
};

void report(Problems& problems, std::string_view file, const YAML::Mark& mark, std::string message) {
    const bool placed = !mark.is_null();
    problems.push_back({.file = std::string(file),
                        .line = placed ? mark.line + 1 : 0,
                        .column = placed ? mark.column + 1 : 0,
                        .message = "cannot be read as YAML: " + std::move(message),
                        .cure = "correct the text there or just above",
                        .rule = "syntax"});
}

void report_file(Problems& problems, std::string_view file, std::string message, std::string cure) {
    problems.push_back({.file = std::string(file),
                        .message = std::move(message),
                        .cure = std::move(cure),
                        .rule = "unreadable"});
}

/// yaml-cpp passes broken UTF-8 on, and takes some control characters for the end of the file.
bool is_text(std::string_view text) {
    const auto is_control = [](unsigned char c) {
        return (c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
    };
    return simdjson::validate_utf8(text.data(), text.size()) && std::ranges::none_of(text, is_control);
}

std::optional<std::string> text_of_file(const std::string& path, Problems& problems) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (std::filesystem::is_directory(status)) {
        report_file(problems, path, "is a directory", "name a file in it");
        return std::nullopt;
    }
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        report_file(problems, path,
                    fmt::format("cannot be opened: {}", std::generic_category().message(errno)),
                    "check the path and its permissions");
        return std::nullopt;
    }
    std::string text(kMaxTextBytes + 1, '\0');  // one more byte than allowed shows that there is more
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}

std::optional<Document> the_only(std::vector<Document> documents, std::string_view file, Problems& problems) {
    if (documents.empty()) return Document{.file = std::string(file), .root = {}};
    if (documents.size() > 1) {
        problems.push_back({.file = std::string(file),
                            .line = documents[1].root.line,
                            .column = documents[1].root.column,
                            .message = "holds more than one document",
                            .cure = "remove the second '---' and what follows it",
                            .rule = "syntax"});
        return std::nullopt;
    }
    return std::move(documents.front());
}

}  // namespace

std::vector<Document> parse_all(std::string_view text, std::string_view file, Problems& problems) {
    std::vector<Document> documents;
    if (text.size() > kMaxTextBytes) {
        report_file(problems, file, fmt::format("is larger than {} KiB", kMaxTextBytes >> 10U),
                    "split it, or check that it is the right file");
        return documents;
    }
    if (!is_text(text)) {
        report_file(problems, file, "is not UTF-8 text without control characters",
                    "save it as UTF-8, or check that it is the right file");
        return documents;
    }
    try {
        std::istringstream in{std::string(text)};
        YAML::Parser parser(in);
        int position = -1;
        for (;;) {
            TreeBuilder builder;
            if (!parser.HandleNextDocument(builder)) break;
            // yaml-cpp 0.7 answers a stray "," or "}" with empty documents at the same place, for ever.
            if (builder.start().pos == std::exchange(position, builder.start().pos)) {
                throw YAML::ParserException(builder.start(), "a character that no value can start with");
            }
            if (documents.size() == kMaxDocuments) {
                throw YAML::ParserException(builder.start(),
                                            fmt::format("more than {} documents", kMaxDocuments));
            }
            documents.push_back({.file = std::string(file), .root = builder.take_root()});
        }
    } catch (const YAML::Exception& error) {
        report(problems, file, error.mark, error.msg);
    } catch (const std::exception& error) {
        report(problems, file, YAML::Mark::null_mark(), error.what());
    }
    return documents;
}

std::optional<Document> parse(std::string_view text, std::string_view file, Problems& problems) {
    const auto before = problems.size();
    auto documents = parse_all(text, file, problems);
    if (problems.size() != before) return std::nullopt;
    return the_only(std::move(documents), file, problems);
}

std::optional<Document> read_file(const std::string& path, Problems& problems) {
    const auto text = text_of_file(path, problems);
    if (!text) return std::nullopt;
    return parse(*text, path, problems);
}

std::vector<Document> read_file_all(const std::string& path, Problems& problems) {
    const auto text = text_of_file(path, problems);
    if (!text) return {};
    return parse_all(*text, path, problems);
}

}  // namespace homeostat::yaml
