#!/usr/bin/python3
"""What `bench transfer` makes, refuses and computes; its runs need the lab."""

import io
import tarfile
import unittest

import checkpoint_like
import lab
import processes
import room
import transfer


class Words(unittest.TestCase):
    def test_sizes(self):
        self.assertEqual(transfer.sizes_of("27M,1G"), [("27M", 27 << 20), ("1G", 1 << 30)])
        for bad in ("", "27", "1K", "-1G", "1.5G", "27M,", "1T"):
            with self.assertRaises(ValueError):
                transfer.sizes_of(bad)

    def test_an_unknown_way_is_told_which_there_are(self):
        self.assertEqual(transfer.ways_of("ssh-relay"), ["ssh-relay"])
        with self.assertRaisesRegex(ValueError, "no way 'pigeon'; there is ssh-relay, ssh-direct, registry"):
            transfer.ways_of("ssh-relay,pigeon")

    def test_some_ways_are_compressed(self):
        self.assertEqual(transfer.ways_of("ssh-relay+zstd,ssh-direct+auto"), ["ssh-relay+zstd", "ssh-direct+auto"])
        self.assertEqual(transfer.raw_of("ssh-relay+zstd"), "raw-ssh")
        for bad in ("ssh-relay+", "ssh-relay+gzip", "registry+zstd"):
            with self.assertRaisesRegex(ValueError, "is not compressed so"):
                transfer.ways_of(bad)


class Archive(unittest.TestCase):
    def test_is_of_the_size_that_was_asked_for(self):
        out, dots = io.BytesIO(), []
        checkpoint_like.write(out, 3 << 20, lambda: dots.append("."))
        self.assertEqual(len(out.getvalue()), 3 << 20)
        self.assertGreater(len(dots), 3)
        with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as archive:
            self.assertEqual([(each.name, each.size) for each in archive], checkpoint_like.members(3 << 20))
            self.assertIn("checkpoint/inventory.img", archive.getnames())

    def test_parts_differ(self):
        self.assertEqual(len(checkpoint_like.part(1, 1001)), 1001)
        self.assertNotEqual(checkpoint_like.part(1, 4096)[3072:], checkpoint_like.part(2, 4096)[3072:])

    def test_too_small(self):
        with self.assertRaises(ValueError):
            checkpoint_like.members(200_000)


class Room(unittest.TestCase):
    def test_what_does_not_fit_is_refused_with_the_place(self):
        room.check_free(10, {"here": 10})
        with self.assertRaisesRegex(lab.NoRoom, "no room on there: 30 MiB are needed, 20 MiB are free"):
            room.check_free(30 << 20, {"here": 30 << 20, "there": 20 << 20})


class Processes(unittest.TestCase):
    def test_stat_of_a_process_with_an_awkward_name(self):
        text = "12 (a) b (c) S 7 1 1 0 -1 4194560 1 0 0 0 " + "150 50 0 0 20 0 1 0 1 1 1"
        name, parent, seconds = processes.parse_stat(text)
        self.assertEqual((name, parent), ("a) b (c", 7))
        self.assertAlmostEqual(seconds, 200 * processes.TICK)

    def test_the_listening_sshd_is_no_part_of_a_connection(self):
        there = {1: ("init", 0), 2: ("sshd", 1), 3: ("sshd-session", 2), 4: ("sshd-session", 3), 5: ("ms2m-node", 4)}
        self.assertEqual(processes.connection(5, there), [4, 3])

    def test_per_gib(self):
        self.assertEqual(processes.per_gib({"ms2m": 1.0}, {"ms2m": 2.0}, 2 << 30), {"ms2m": 0.5})


class Rows(unittest.TestCase):
    def test_ratio_is_of_medians(self):
        def once(seconds, raw, peak):
            return {"ssh-relay": {"seconds": seconds, "travelled_bytes": 8 << 20, "peak_rss_mib": {"ms2m": peak}, "cpu_s_per_gib": {"ms2m": 1.0}},
                    "raw-ssh": {"seconds": raw, "connect_s": 0.2}}

        line = transfer.row("8M", 8 << 20, "ssh-relay", [once(2.0, 1.0, 10), once(4.0, 9.0, 30), once(3.0, 2.4, 20)])
        self.assertEqual((line["seconds"], line["raw"]["seconds"], line["ratio_to_raw"]), (3.0, 2.4, 0.8))
        self.assertEqual(line["bytes_per_s"], round((8 << 20) / 3))
        self.assertEqual((line["peak_rss_mib"], line["reps"], len(line["runs"])), ({"ms2m": 20}, 3, 3))
        self.assertIn("0.80 of the plain pipe's", transfer.show(line))


if __name__ == "__main__":
    unittest.main()
