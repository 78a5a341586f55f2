// What the image stores share: scripts on a node, their exit statuses, and the layout's directory.
#pragma once
#include <string>
#include <vector>

#include "ms2m/node.hpp"

namespace ms2m::image {

/// Exit status by which our scripts say "it was not there".
inline constexpr int kNotThere = 3;

/// Runs a sh script with args as $1...
CommandResult run_script(NodeShell& shell, const std::string& node, const std::string& script,
                         const std::vector<std::string>& args, const StopToken& stop);
/// Error{failed} with the last line of stderr, cut to what the tool means.
[[noreturn]] void fail(const std::string& doing, const std::string& node, const CommandResult& result);

/// Error{refused} unless it is <root>/<one plain name>.
void check_layout_directory(const std::string& directory, const std::string& root);
/// Error{usage} unless it can be an image's name: no option, no blank, no shell's or transport's special character.
void check_image_name(const std::string& name);
/// rm -rf of a layout, and of the root when it is empty then. false: was not there.
bool remove_layout_directory(NodeShell& shell, const std::string& node, const std::string& directory,
                             const std::string& root, const StopToken& stop);

}  // namespace ms2m::image
