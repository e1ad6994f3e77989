// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/records/record_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "homeostat/adapters/actuate/spawn/file_descriptor.h"
#include "homeostat/base/hash.h"

namespace homeostat::actuate {
namespace {

namespace fs = std::filesystem;

bool write_durably(const std::string& path, const std::string& text) {
    const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.is_open()) return false;
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return false;
    return ::fsync(file.get()) == 0;
}

bool sync_folder(const std::string& path) {
    const FileDescriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return folder.is_open() && ::fsync(folder.get()) == 0;
}

}  // namespace

Result<RecordStore> RecordStore::open(std::string folder, std::size_t records_max) {
    std::error_code error;
    const bool made = fs::create_directories(folder, error);
    if (made && !error) fs::permissions(folder, fs::perms::owner_all, error);
    if (!error) return RecordStore(std::move(folder), records_max);
    return fail(ErrorCode::failed_precondition,
                "cannot keep records in '" + folder + "': " + error.message());
}

std::string RecordStore::path_of(const model::OrderId& order) const {
    return folder_ + "/" + to_hex(sha256(order.value())) +
           ".json";  // an id may hold what a file name may not
}

Result<std::optional<json::Value>> RecordStore::find(const model::OrderId& order) const {
    const auto path = path_of(order);
    if (!fs::exists(path)) return std::nullopt;
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    auto record = json::parse(text.str());
    if (!record) return fail(ErrorCode::data_loss, "'" + path + "': " + record.error().message);
    return *std::move(record);
}

Result<> RecordStore::put(const model::OrderId& order, const json::Value& record) {
    const auto path = path_of(order);
    const auto fresh = path + ".new";
    std::error_code error;
    const bool written = write_durably(fresh, json::to_text(record));
    if (written) fs::rename(fresh, path, error);
    if (!written || error || !sync_folder(folder_)) {
        return fail(ErrorCode::unavailable, "cannot write '" + path + "': is the disk full?");
    }
    forget_oldest();
    return {};
}

void RecordStore::forget_oldest() const {
    std::vector<std::pair<fs::file_time_type, fs::path>> files;
    std::error_code error;
    for (const auto& file : fs::directory_iterator(folder_, error)) {
        files.emplace_back(file.last_write_time(error), file.path());
    }
    if (files.size() <= records_max_) return;
    const auto beyond = static_cast<std::ptrdiff_t>(files.size() - records_max_);
    std::ranges::nth_element(files, files.begin() + beyond);
    std::for_each(files.begin(), files.begin() + beyond,
                  [&](const auto& file) { fs::remove(file.second, error); });
}

}  // namespace homeostat::actuate
