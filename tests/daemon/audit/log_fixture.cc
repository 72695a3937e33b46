#include "tests/daemon/audit/log_fixture.h"

#include <fmt/format.h>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace rollcall::audit::test {

Log::Log() {
    // In memory where that can be: ten thousand files that are cut and written again cost minutes on a disk.
    const std::filesystem::path memory = "/dev/shm";
    const auto where =
        std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
    std::string name = (where / "rollcall-log-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path = name + "/audit";
}

Log::~Log() {
    std::filesystem::remove_all(std::filesystem::path(path).parent_path());
}

std::vector<std::string> Log::entries(std::uint64_t from, std::uint64_t to) {
    std::vector<std::string> out;
    for (std::uint64_t i = from; i < to; ++i) out.push_back(fmt::format("{{\"entry\":{},\"v\":1}}", i));
    return out;
}

void Log::grow(std::uint64_t size, std::uint64_t piece) const {
    Publisher publisher = open(size).value();
    while (publisher.published() < size) {
        const std::uint64_t next = std::min(size, publisher.published() + piece);
        ASSERT_TRUE(publisher.append(entries(publisher.published(), next)));
        const Result<std::string> note = publisher.sign();
        ASSERT_TRUE(note) << note.error().text();
    }
}

VerifyOptions Log::options() const {
    VerifyOptions out;
    out.origin = kOrigin;
    out.keys = {key.verifier()};
    return out;
}

std::string Log::faults() const {
    std::string out;
    for (const Fault& fault : verify().faults) out += fault.place + ": " + fault.text + "\n";
    return out;
}

std::string Log::read(const std::string& file) const {
    std::ifstream in(path + "/" + file, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

void Log::write(const std::string& file, const std::string& bytes) const {
    std::ofstream(path + "/" + file, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace rollcall::audit::test
