#include "daemon/program.h"

#include <fmt/format.h>
#include <link.h>
#include <cstring>

namespace rollcall {
namespace {

constexpr std::size_t aligned(std::size_t size) {
    return (size + 3U) & ~std::size_t{3};
}

// In one segment of notes (elf(5)).
std::string build_id_in(const char* at, std::size_t size) {
    while (size >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        std::memcpy(&note, at, sizeof note);
        const std::size_t name = sizeof note, id = name + aligned(note.n_namesz),
                          end = id + aligned(note.n_descsz);
        if (end > size) break;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(at + name, "GNU", 4) == 0) {
            std::string out;
            for (std::size_t i = 0; i < note.n_descsz; ++i)
                out += fmt::format("{:02x}", static_cast<unsigned char>(at[id + i]));
            return out;
        }
        at += end, size -= end;
    }
    return {};
}

// The first object that is told of is the program itself.
int look_at_program(dl_phdr_info* info, std::size_t /*size*/, void* into) {
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const ElfW(Phdr)& part = info->dlpi_phdr[i];
        std::string& out = *static_cast<std::string*>(into);
        if (part.p_type == PT_NOTE && out.empty())
            out = build_id_in(reinterpret_cast<const char*>(info->dlpi_addr + part.p_vaddr), part.p_memsz);
    }
    return 1;
}

}  // namespace

std::string program_name_and_build() {
    std::string build;
    dl_iterate_phdr(look_at_program, &build);
    return build.empty() ? ROLLCALL_VERSION : fmt::format("{} (build {})", ROLLCALL_VERSION, build);
}

}  // namespace rollcall
