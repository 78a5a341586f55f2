// Ports: what ms2m does on the nodes themselves: looking, the archive's way, the image store, a container's processes.
//
// Thread rule: safe to call from several threads. Every call may block until its token stops or its deadline passes; a
// stop ends the work on the node too. All of it runs as root there (directly, or by sudo -n).
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ms2m/carriage.hpp"
#include "ms2m/compression.hpp"
#include "ms2m/node_look.hpp"
#include "ms2m/node_tools.hpp"
#include "ms2m/stop.hpp"
#include "ms2m/units.hpp"

namespace ms2m {

/// What nodes were asked, and what it cost.
struct NodeUsage {
  std::uint64_t calls = 0;  ///< requests that were answered, the streams of archives not among them
  Seconds time{0};          ///< the sum of their round trips; several may have run at a time
};

/// The sessions with nodes that the other ports of this header share. `node` is the Kubernetes node's name; how it is
/// reached is the adapter's business.
class Nodes {
 public:
  virtual ~Nodes() = default;
  /// Opens (and keeps) the session, so that later calls are fast. One that ends is opened anew by the next call.
  /// Error{unavailable} when the node cannot be reached, {forbidden} when it lets nobody in, {refused} when what is to
  /// work there cannot, {timeout}.
  virtual void open(const std::string& node, const StopToken& stop) = 0;
};

/// What can be read on the nodes themselves; changes nothing there. Errors as Nodes::open().
class NodeInspector {
 public:
  virtual ~NodeInspector() = default;
  /// What cannot be found is unknown in the value. The kubelet's directory is what the mounts of the pod's volumes are
  /// below, /var/lib/kubelet, or what the command line of a process names with --root-dir: the first that has a
  /// directory pods/<uid>. An emptyDir is <that>/pods/<uid>/volumes/kubernetes.io~empty-dir/<name>, mounted there by
  /// the kubelet when it is in memory.
  virtual NodeLook look(const std::string& node, const LookAt& at, const StopToken& stop) = 0;
  /// `container_id` as in the pod's status, or empty: its monitor's command line tells which OCI runtime it has.
  virtual NodeTools tools(const std::string& node, const std::string& container_id, const StopToken& stop) = 0;
};

struct ArchiveFile {
  std::string path;
  Bytes bytes;
};

/// Whose archives, and where: a kubelet's directory on its node.
struct ArchivesOf {
  std::string directory;
  std::string ns, pod, container;
};

/// Which archive is waited for, and how long.
struct NewArchive {
  std::vector<std::string> known;  ///< paths of the others
  std::string container_id;        ///< the time begins when nobody makes a checkpoint of that one; empty: at once
  Millis wait{0};
};

/// The checkpoint archives on a node (archive.hpp). Paths that are none are refused: Error{refused}.
class CheckpointArchives {
 public:
  virtual ~CheckpointArchives() = default;
  /// Those of one container; oldest first. No such directory: none.
  virtual std::vector<ArchiveFile> list(const std::string& node, const ArchivesOf& of, const StopToken& stop) = 0;
  /// The same when one is there that is not known, at the latest after the wait. One that has just come is still being
  /// written.
  virtual std::vector<ArchiveFile> list_new(const std::string& node, const ArchivesOf& of, const NewArchive& news,
                                            const StopToken& stop) = 0;
  /// Waits until the file has stopped growing and is not open for writing any more (a dump whose request was lost).
  virtual void wait_complete(const std::string& node, const std::string& path, const StopToken& stop) = 0;
  virtual bool remove(const std::string& node, const std::string& path, const StopToken& stop) = 0;
};

/// What becomes of an archive where it arrives.
enum class Unpack {
  layout,   ///< a blob of an OCI image layout
  restore,  ///< the data of a restore that was prepared there (node_restore.hpp), unpacked
};

/// The kubelet's checkpoint: a file of from_node.
struct KubeletArchive {
  std::string path;
};
/// One by the node's own runtime (node_dump.hpp): an archive of the same shape, which from_node makes as it is read.
struct RuntimeDump {
  std::string id;
};
using Checkpoint = std::variant<KubeletArchive, RuntimeDump>;
/// "/var/lib/kubelet/checkpoints/...", "dump k3x9qa"
std::string to_string(const Checkpoint& checkpoint);

/// Pre-copy: a checkpoint of a source that goes on working is carried first, and of a later one only the pages of
/// memory that differ. Both nodes keep what they have of it as long as their sessions last.
enum class Round {
  none,   ///< one checkpoint, whole
  early,  ///< its memory alone; others follow
  last,   ///< everything else, too; it completes what was carried before
};

struct MoveRequest {
  std::string from_node;
  Checkpoint checkpoint;
  std::string to_node;
  std::string directory;  ///< on to_node: the layout to be, created with mode 0700; or the restore's, kLayoutRoot/<id>
  Unpack as = Unpack::layout;
  std::optional<Bytes> per_second{};  ///< at most, on an average since the first byte; not 0
  Round round = Round::none;          ///< others only into a restore
  /// direct: or by the relay where the nodes do not reach each other, which is found out before anything is read.
  Carriage carriage = Carriage::relay;
  /// Told once of each pair of nodes, when the relay has to do it, why; may be empty.
  std::function<void(const std::string& why)> on_detour{};
  /// registry: what the manifest there says of it. By it, it is the checkpoint image that a kubelet could pull itself.
  std::string container{}, architecture = "amd64";
  /// Carriage::relay: what per_second is by now, asked as it goes; empty: it stays as it is.
  std::function<std::optional<Bytes>()> per_second_now{};
  /// per_second is of what travels. Carriage::registry: nothing is compressed, whatever this says.
  Compression compress = Compression::none;
};

struct MoveResult {
  Bytes bytes;
  /// Of the archive, hex. In a layout the file is <directory>/blobs/sha256/<sha256>, mode 0600; a restore is told it.
  std::string sha256;
  /// Of a round: how many pages of memory the source has, and how many of them were carried. 0, 0: the checkpoint was
  /// not understood, so it was carried whole, and an early one was in vain.
  std::uint64_t pages = 0, differing = 0;
  Carriage carriage = Carriage::relay;  ///< how it went
  std::optional<Bytes> travelled{};     ///< of `bytes`, as it went; nullopt: as it is
};

/// What a move leaves on a node, also one that fails, until ImageStore::import_checkpoint() or remove_layout() takes it
/// away. Nothing of a restore's: that is removed as one.
struct Trace {
  std::string node, directory;
};

/// A move's end, as it is known before.
struct Landing {
  std::string directory;      ///< MoveRequest::directory
  std::vector<Trace> leaves;  ///< for the caller to note before it calls move()
};

struct MoveProgress {
  Bytes done{};
  std::optional<Bytes> total{};
  std::optional<Bytes> travelled{};  ///< of `done`, as it went; nullopt: as it is
};
using ProgressFn = std::function<void(const MoveProgress& progress)>;

/// Pages of memory that a dump has kept back, on their way into its restore, which they come to while it is under way.
struct PagesRequest {
  std::string from_node;
  std::string id;  ///< of both
  std::string to_node;
  Bytes bytes;                        ///< that were kept back
  std::optional<Bytes> per_second{};  ///< at most, of what travels; not 0
  /// What per_second is by now, asked as it goes; empty: it stays as it is.
  std::function<std::optional<Bytes>()> per_second_now{};
  Compression compress = Compression::none;  ///< of what comes from the source
  /// The restore is done as soon as it runs, and the pages come meanwhile. Should they not all come, what runs is
  /// killed.
  bool lazy = false;
};

/// A stream of pages that has begun, and from which nothing comes for so long, has failed.
inline constexpr Millis kPagesPatience{10'000};

/// Carries a checkpoint from one node to another (or into a layout on its own), hashing it while it flows; memory use
/// does not depend on its size.
class Carrier {
 public:
  virtual ~Carrier() = default;
  /// Where it brings the archive of the migration `id` on `node`, and what is left of that. Asks nobody.
  virtual Landing landing(const std::string& node, const std::string& id, Unpack as = Unpack::layout) const = 0;
  /// Why the nodes do not reach each other as Carriage::direct needs it; nullopt: they do. Tries that, and carries
  /// nothing. Takes some seconds at most. Error as Nodes::open().
  virtual std::optional<std::string> obstacle(const std::string& from_node, const std::string& to_node,
                                              const StopToken& stop) = 0;
  /// Error{refused}, before anything is read, for a path that is no archive's (archive.hpp), or no layout's. Of a dump
  /// that its node has not: {not_found}. Into a restore: {not_found}, {conflict} when it is not prepared, or its data
  /// is there already. Error with the side that failed (source, target) in front, and its first cause. Of the data of a
  /// move that fails nothing stays; what landing() says may. A round: the memory that results at the target is
  /// compared, by digest, with the source's; Error{inconsistent}: the target's session has ended since the round
  /// before.
  virtual MoveResult move(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop) = 0;
  /// From a dump that was taken without its pages to a restore that has its data and is not ready: `open` is called as
  /// soon as that may be made ready. Returns when both sides have come to their end, and the source runs again; that
  /// the restore has all pages, its state alone says (`restored`; not before), but of a lazy one, where this says it,
  /// too. Returns how much came from the source. Both sides come to their end also when it throws: the source runs on,
  /// the restore fails. Error{timeout}: no page has come for kPagesPatience, once one has. Errors of a side as move().
  virtual Bytes bring_pages(const PagesRequest& request, const std::function<void()>& open, const ProgressFn& progress,
                            const StopToken& stop) = 0;
};

struct StoredImage {
  std::string id;  ///< config digest, hex without "sha256:"
  std::vector<std::string> names;
  std::string user{};       ///< that the image's configuration names; empty: none
  bool checkpoint = false;  ///< told by list() alone
};

struct CheckpointImage {
  std::string directory;  ///< the layout with the layer's blob in it
  std::string sha256;     ///< the layer's digest
  Bytes bytes;            ///< the layer's size
  std::string name;       ///< localhost/ms2m/<pod>:<id>, or a tag of the original's repository
  std::string container;  ///< value of the annotations
  std::string architecture = "amd64";
  /// The original image's: a kubelet takes an image without one for root's, and refuses it where the pod says
  /// runAsNonRoot.
  std::string user{};
};

/// The container image store of a node (CRI-O's containers-storage by skopeo, or containerd's by ctr).
class ImageStore {
 public:
  virtual ~ImageStore() = default;
  /// The tool that it uses there and its version ("skopeo 1.20.0"); Error{refused} with the cure when there is none.
  virtual std::string probe(const std::string& node, const StopToken& stop) = 0;
  /// By name or by ID.
  virtual std::optional<StoredImage> find(const std::string& node, const std::string& name_or_id,
                                          const StopToken& stop) = 0;
  /// Every image with its names, and whether it is a checkpoint; nullopt: the store cannot be listed.
  virtual std::optional<std::vector<StoredImage>> list(const std::string& node, const StopToken& stop) = 0;
  /// Writes config, manifest and index beside the layer (both annotations in manifest and index entry) and brings the
  /// image into the store under its name; removes the layout's directory. Returns the image's ID.
  virtual std::string import_checkpoint(const std::string& node, const CheckpointImage& image,
                                        const StopToken& stop) = 0;
  /// Points `name` at the image `id` (of the original image); the image that had the name before loses it.
  virtual void point_name(const std::string& node, const std::string& name, const std::string& id,
                          const StopToken& stop) = 0;
  /// Removes a name, and the image itself when nothing else names it. false: was not there.
  virtual bool remove_name(const std::string& node, const std::string& name, const StopToken& stop) = 0;
  /// Removes an image by ID (with its layers). false: was not there.
  virtual bool remove_image(const std::string& node, const std::string& id, const StopToken& stop) = 0;
  /// rm -rf of a layout's directory that import_checkpoint did not get to. Only below kLayoutRoot.
  virtual bool remove_layout(const std::string& node, const std::string& directory, const StopToken& stop) = 0;
};

/// "cri-o://08eb..." or "08eb..." -> "08eb..."; empty unless that is 12 to 64 hexadecimal digits.
std::string bare_container_id(const std::string& container);

/// What becomes of a frozen container when its time is over, or the session in which it was frozen, whatever ended
/// that: ms2m's death or silence, the network's, the program's on the node.
enum class AtEnd {
  thaw,
  kill,
  /// Frozen, until it is thawed or killed; there is no limit then.
  stay,
};

struct FreezeTerms {
  std::optional<Millis> limit{};  ///< counted by the node, from when it hears of it, suspended time too
  AtEnd at_end = AtEnd::thaw;
  /// The end of the session counts only so much later, but never after the limit: whatever goes on only as long as it
  /// stands still can come to its end before.
  Millis linger{0};
};

/// The processes of one container on a node, through its control group. `container` is the ID as the pod's status has
/// it ("cri-o://<hex>", "containerd://<hex>") or bare; anything else: Error{usage}. The kubelet is not told: a
/// container that is killed while its pod is not being deleted is started again, cold. A container that has ended has
/// no control group: false. Error{failed} when the kernel did not do it within seconds, {inconsistent} when a session
/// that began later has done something with the container, {unavailable, timeout} as Nodes::open(). All idempotent.
class ContainerProcess {
 public:
  virtual ~ContainerProcess() = default;
  /// Returns true when every process of it has stopped; connections stay open, timers of the outside run on. Should it
  /// fail, it is thawed again. The newest freeze counts, with its terms, also of a container that is frozen already;
  /// thaw and kill take them away. `kill` or `stay` over a freeze by this object: Error{inconsistent}, and nothing is
  /// done, when that one has come to its end meanwhile, or its session has ended.
  virtual bool freeze(const std::string& node, const std::string& container, const FreezeTerms& terms,
                      const StopToken& stop) = 0;
  /// False: the session of the last freeze of it, made by this object, has ended or says nothing, so that its end may
  /// have come. Asks nobody; a limit is the caller's to look at.
  virtual bool holds(const std::string& node, const std::string& container) const = 0;
  virtual bool thaw(const std::string& node, const std::string& container, const StopToken& stop) = 0;
  /// SIGKILL to all of them at once, frozen or not: none runs another instruction of its own. Returns when they are
  /// gone.
  virtual bool kill(const std::string& node, const std::string& container, const StopToken& stop) = 0;

  /// The kubelet is about to make a checkpoint of it; `over`: it has answered. Until then the end of the session does
  /// what mend_checkpoint() does. (containerd 2.1.9, measured: it pauses what it is to checkpoint, and cannot wake it
  /// when that call is given up in the middle.)
  virtual void attend_checkpoint(const std::string& node, const std::string& container, bool over,
                                 const StopToken& stop) = 0;
  /// Waits until nobody makes a checkpoint of it, and resumes it where it has been left paused, and
  /// nobody has frozen it as above. False: there was nothing to mend. Takes two seconds at least.
  virtual bool mend_checkpoint(const std::string& node, const std::string& container, const StopToken& stop) = 0;
};

/// Layouts are made below this directory on the target node, one per migration: <root>/<id>.
inline constexpr const char* kLayoutRoot = "/var/lib/ms2m";

}  // namespace ms2m
