// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "homeostat/cli/cli.h"
#include "homeostat/cli/commands.h"

namespace homeostat::cli {
namespace {

/// A word that may come next, and what it means.
struct Word {
    std::string text;
    std::string help;
};

/// What may follow a path of words such as "playbook lint"; the empty path is the program itself.
struct Place {
    std::vector<Word> words;
    bool files = false;
    std::map<std::string, std::vector<std::string_view>> choices;  // of an option, by its name
};
using Places = std::map<std::string, Place>;

std::vector<std::string> option_names(const Argument& argument) {
    std::vector<std::string> names;
    for (std::size_t from = 0; from < argument.names.size();) {
        const auto comma = std::min(argument.names.find(',', from), argument.names.size());
        names.push_back(argument.names.substr(from, comma - from));
        from = comma + 1;
    }
    return names;
}

void add_once(std::vector<Word>& words, Word word) {
    const auto same = [&word](const Word& other) { return other.text == word.text; };
    if (std::ranges::none_of(words, same)) words.push_back(std::move(word));
}

void add_argument(Place& place, const Argument& argument) {
    place.files = place.files || argument.completion == Completion::files;
    if (argument.is_positional()) {
        for (const auto choice : argument.choices)
            place.words.push_back({std::string(choice), argument.help});
        return;
    }
    for (const auto& name : option_names(argument)) {
        place.words.push_back({name, argument.help});
        if (!argument.choices.empty()) place.choices[name] = argument.choices;
    }
}

Places places_of(const std::vector<Command>& commands) {
    Places places;
    for (const auto& command : commands) {
        const auto space = command.name.find(' ');
        const auto group = command.name.substr(0, space);
        const bool grouped = space != std::string::npos;
        add_once(places[""].words, {group, grouped ? group_summary(group) : command.summary});
        if (grouped) add_once(places[group].words, {command.name.substr(space + 1), command.summary});
        for (const auto& argument : command.arguments) add_argument(places[command.name], argument);
        places[command.name].words.push_back({"--help", "Shows help."});
    }
    places[""].words.push_back({"--help", "Shows help."});
    places[""].words.push_back({"--version", "Shows the version."});
    return places;
}

std::vector<std::string> texts_of(const std::vector<Word>& words) {
    std::vector<std::string> texts;
    for (const auto& word : words) texts.push_back(word.text);
    return texts;
}

/// Quotes for every one of the three shells.
std::string shell_word(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') {
            out += "'\\''";
        } else {
            out += c;
        }
    }
    return out + "'";
}

/// Shell code, for bash and zsh, that finds in $path the place that the words before the cursor lead to.
std::string path_code(const Places& places, std::string_view words) {
    std::vector<std::string> known;
    for (const auto& [path, place] : places) {
        if (!path.empty()) known.push_back(shell_word(" " + path));
    }
    return fmt::format(
        "    for word in {}; do\n"
        "        case \"$place $word\" in\n"
        "            {}) place=\"$place $word\" ;;\n"
        "        esac\n"
        "    done\n",
        words, fmt::join(known, "|"));
}

std::string bash_script(const Places& places) {
    std::string values, words;
    for (const auto& [path, place] : places) {
        const auto at = path.empty() ? std::string() : " " + path;
        for (const auto& [option, choices] : place.choices) {
            values += fmt::format("        {}) words={} ;;\n", shell_word(at + "|" + option),
                                  shell_word(fmt::format("{}", fmt::join(choices, " "))));
        }
        words += fmt::format("        {}) words={}{} ;;\n", shell_word(at),
                             shell_word(fmt::format("{}", fmt::join(texts_of(place.words), " "))),
                             place.files ? "; files=1" : "");
    }
    return fmt::format(
        "# bash completion: source <(homeostat completion bash)\n"
        "_homeostat() {{\n"
        "    local cur=\"${{COMP_WORDS[COMP_CWORD]}}\" prev=\"${{COMP_WORDS[COMP_CWORD-1]}}\"\n"
        "    local place=\"\" word words=\"\" files=\"\"\n"
        "{}"
        "    case \"$place|$prev\" in\n{}"
        "    *) case \"$place\" in\n{}"
        "    esac ;;\n"
        "    esac\n"
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
        "    [[ -n $files && $cur != -* ]] && COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
        "}}\n"
        "complete -o filenames -F _homeostat homeostat\n",
        path_code(places, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\""), values, words);
}

/// "word:help" for zsh's _describe, in which a colon of the word or the help is escaped.
std::string described(const Word& word) {
    std::string help;
    for (const char c : word.help) help += c == ':' ? std::string("\\:") : std::string(1, c);
    return shell_word(word.text + ":" + help);
}

std::string zsh_script(const Places& places) {
    std::string values, words;
    for (const auto& [path, place] : places) {
        const auto at = path.empty() ? std::string() : " " + path;
        for (const auto& [option, choices] : place.choices) {
            values += fmt::format("        {}) compadd -- {}; return ;;\n", shell_word(at + "|" + option),
                                  fmt::join(choices, " "));
        }
        std::vector<std::string> items;
        for (const auto& word : place.words) items.push_back(described(word));
        words += fmt::format("        {}) items=({}){} ;;\n", shell_word(at), fmt::join(items, " "),
                             place.files ? "; files=1" : "");
    }
    return fmt::format(
        "#compdef homeostat\n"
        "# zsh completion: homeostat completion zsh > a directory of $fpath, as _homeostat\n"
        "_homeostat() {{\n"
        "    local place=\"\" word files=\"\"\n"
        "    local -a items\n"
        "{}"
        "    case \"$place|${{words[CURRENT-1]}}\" in\n{}"
        "    esac\n"
        "    case \"$place\" in\n{}"
        "    esac\n"
        "    _describe 'homeostat' items\n"
        "    [[ -n $files ]] && _files\n"
        "}}\n"
        "compdef _homeostat homeostat\n",
        path_code(places, "${words[2,CURRENT-1]}"), values, words);
}

/// The condition under which fish offers the words of a place.
std::string fish_condition(const std::string& path, const Place& place) {
    if (path.empty()) return "__fish_use_subcommand";
    std::string condition;
    for (std::size_t from = 0; from < path.size();) {
        const auto space = std::min(path.find(' ', from), path.size());
        if (!condition.empty()) condition += "; and ";
        condition += "__fish_seen_subcommand_from " + path.substr(from, space - from);
        from = space + 1;
    }
    std::vector<std::string> below;  // of a group: only until one of its commands has been named
    for (const auto& word : place.words) {
        if (!word.text.starts_with('-')) below.push_back(word.text);
    }
    if (below.empty()) return condition;
    return fmt::format("{}; and not __fish_seen_subcommand_from {}", condition, fmt::join(below, " "));
}

std::string fish_script(const Places& places) {
    std::string script =
        "# fish completion: homeostat completion fish > ~/.config/fish/completions/homeostat.fish\n"
        "complete -c homeostat -f\n";
    for (const auto& [path, place] : places) {
        const auto condition = shell_word(fish_condition(path, place));
        for (const auto& word : place.words) {
            const auto choices = place.choices.find(word.text);
            const auto dashes = std::min(word.text.find_first_not_of('-'), word.text.size());
            const auto how = dashes == 2   ? "-l " + word.text.substr(2)
                             : dashes == 1 ? "-s " + word.text.substr(1)
                                           : "-a " + word.text;
            const auto values =
                choices == place.choices.end()
                    ? std::string()
                    : " -x -a " + shell_word(fmt::format("{}", fmt::join(choices->second, " ")));
            script += fmt::format("complete -c homeostat -n {} {}{} -d {}\n", condition, how, values,
                                  shell_word(word.help));
        }
        if (place.files) script += fmt::format("complete -c homeostat -n {} -F\n", condition);
    }
    return script;
}

}  // namespace

std::string completion_script(Shell shell, const std::vector<Command>& commands) {
    const auto places = places_of(commands);
    switch (shell) {
        case Shell::bash: return bash_script(places);
        case Shell::zsh: return zsh_script(places);
        case Shell::fish: return fish_script(places);
    }
    return {};
}

}  // namespace homeostat::cli
