// When an operation of a journal is carried out, beside the others.
#pragma once
#include <optional>
#include <string_view>

namespace ms2m {

/// In this order; within a stage undo takes the latest effect first, finish the earliest. What brings somebody to work
/// comes before everything that only tidies up, and nothing goes before whoever still needs it.
enum class Stage {
  clear_way,        ///< a set lets go of the name, a frozen source's copy starts: nobody works until it is done
  end_source,       ///< the copy needs its name, which exists once
  restore,          ///< the copy under that name
  own_instance,     ///< the copy is no copy any more: should it end, it starts anew
  serve,            ///< the copy gets the queue: from here somebody works
  end_idle_source,  ///< the one that the copy has replaced; its name is needed next
  source,           ///< undo: it is back at work. finish: it is gone for good
  owner,            ///< what was taken from its controller; should this fail, the consumers are at work
  process,          ///< undo: of the copy, and who waits for it: its pod could not go
  copy,             ///< undo: it goes when the source is back, never before
  marks,            ///< on pods that stay
  queues,           ///< a source that loses its hold queue could go back to the primary: only after it
  exchanges,        ///< after the queues that are bound to them
  control_queues,   ///< after their readers
  copy_image_name,  ///< the copy may have to start from it until it has its new name
  files,            ///< archives and layouts; from here on it is the nodes
  image_names,      ///< before the image, which a store does not remove under a name that is in use
  images,
  staged_names,  ///< what is left of a name that nothing ran from goes with its image, or here
  lease,         ///< last: until then nobody else may act on the pod
};

/// "end_idle_source"
const char* word(Stage stage) noexcept;
/// nullopt: no stage has that word.
std::optional<Stage> stage_of(std::string_view word) noexcept;

/// A row of them.
struct Stages {
  Stage from = Stage::clear_way, upto = Stage::lease;
  constexpr bool contains(Stage stage) const noexcept { return from <= stage && stage <= upto; }
};

}  // namespace ms2m
