// The file MS2M_NODE_PROGRAM becomes a part of this object. (No tool that every build has turns it into C++ faster than
// the assembler, which copies it.)
#include "node/session/node_program.hpp"

asm(".section .rodata\n"
    ".balign 16\n"
    ".hidden ms2m_node_program_begin\n"
    ".globl ms2m_node_program_begin\n"
    "ms2m_node_program_begin:\n"
    ".incbin \"" MS2M_NODE_PROGRAM
    "\"\n"
    ".hidden ms2m_node_program_end\n"
    ".globl ms2m_node_program_end\n"
    "ms2m_node_program_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" {
extern const char ms2m_node_program_begin[];
extern const char ms2m_node_program_end[];
}

namespace ms2m::node {

NodeProgram NodeProgram::embedded() {
  const auto size = static_cast<std::size_t>(ms2m_node_program_end - ms2m_node_program_begin);
  return {std::string_view(ms2m_node_program_begin, size), nullptr, "the node program in ms2m"};
}

}  // namespace ms2m::node
