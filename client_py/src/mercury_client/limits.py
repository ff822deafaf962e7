"""Hold every number that client and daemon keep to, or that bounds something.

Generated from proto/limits.json by `proto/check.py --write`: edit that file, not this one.
"""

from __future__ import annotations

from typing import Final

# bytes; over it: error frame_too_large. 10,000 records of 32 bytes, their header and sections, with room to
# spare.
FRAME_BYTES_MAX: Final = 524_288

# bytes; over it: error frame_too_large. The only frame that is read before the peer is known.
HELLO_BYTES_MAX: Final = 8_192

# bytes; over it: error frame_too_large. A command is a name and a few arguments.
COMMAND_BYTES_MAX: Final = 65_536

# bytes; over it: its cheapest findings are left out and counted. The verdict of one unit; some 150
# findings.
REPORT_BYTES_MAX: Final = 262_144

# ids; over it: error id_out_of_range. Ids of one connection; the client evicts the least recently used.
DICTIONARY_MAX: Final = 16_384

# id; over it: error id_out_of_range. A record has eight bits for its alias.
ALIAS_ID_MAX: Final = 255

# bytes; over it: error id_out_of_range. Names of routes, aliases and caches in all dictionaries of a user.
DICTIONARY_USER_BYTES_MAX: Final = 67_108_864

# bytes; over it: cut, flag cut. Longer statements are machine-made lists.
STATEMENT_BYTES_MAX: Final = 16_384

# bytes; over it: cut with an ellipsis. What the daemon keeps of a fingerprint's text.
DISPLAY_BYTES_MAX: Final = 4_096

# bytes; over it: cut, flag cut. Routes, aliases, caches.
NAME_BYTES_MAX: Final = 1_024

# bytes; over it: error define_invalid. 64 frames with long paths.
SITE_BYTES_MAX: Final = 16_384

# records; over it: folded into summary records. One frame; totals stay exact.
UNIT_RECORDS_MAX: Final = 10_000

# records; over it: one summary record with statement 0. Distinct (alias, statement, site) of a folded unit.
UNIT_GROUPS_MAX: Final = 1_000

# bytes; over it: oldest unit dropped, reason buffer_full. Memory of a client whose daemon does not read.
BUFFER_BYTES_MAX: Final = 8_388_608

# units; over it: the oldest counts as missed. Units whose report was asked for and not waited for.
REPORTS_PENDING_MAX: Final = 256

# units; over it: an ACK is sent. Bounds what is sent again.
ACK_UNITS_MAX: Final = 64

# ms; over it: an ACK is sent. Bounds what is sent again.
ACK_INTERVAL_MS: Final = 50

# ms; over it: the batch is sent. What a developer waits for, at most.
BATCH_INTERVAL_MS: Final = 50

# ms; over it: a PART is sent. A unit that is open longer is shown as open.
PART_INTERVAL_MS: Final = 10_000

# ms; over it: closed as incomplete. Six parts missed in a row.
PART_GAP_MS: Final = 60_000

# ms; over it: error handshake_timeout. A peer that connects and says nothing.
HANDSHAKE_MS: Final = 5_000

# ms; over it: closed. After an ERROR the daemon reads on, so that the peer can read it.
DISCARD_MS: Final = 1_000

# ms; over it: closed. After a GOAWAY the daemon reads on until BYE.
GOAWAY_MS: Final = 1_000

# ms; over it: dropped, reason exit. What a process may spend at its end.
EXIT_FLUSH_MS: Final = 1_000

# ms; over it: counted in totals only. The longest window is 15 minutes.
UNIT_AGE_MAX_MS: Final = 900_000

# connections; over it: reject connections_max. Descriptors.
CONNECTIONS_MAX: Final = 1_024

# connections; over it: reject connections_max. One user cannot shut out the others.
CONNECTIONS_USER_MAX: Final = 768

# clients; over it: oldest disconnected client folded into `gone`. Incarnations that are remembered.
CLIENTS_MAX: Final = 4_096

# series; over it: series `(overflow)`, counter overflowed. Memory; totals stay right.
ROUTES_USER_MAX: Final = 20_000

# statements; over it: statement `(overflow)`, counter overflowed. Memory; totals stay right.
STATEMENTS_USER_MAX: Final = 10_000

# routes; over it: counted as `more`. Which routes use a statement.
STATEMENT_ROUTES_MAX: Final = 16

# units; over it: the fastest is forgotten. Samples with their timeline, a user.
SLOW_UNITS_MAX: Final = 50

# records; over it: the rest is counted. Timeline of one sample.
SAMPLE_RECORDS_MAX: Final = 200

# sites; over it: counted without its place, counter overflowed. Call sites of a user that live connections
# name.
SITES_USER_MAX: Final = 20_000

# findings; over it: not listed, counter findings.overflowed. Each keeps its worst unit.
FINDINGS_USER_MAX: Final = 2_000

# records; over it: the rest is counted. Timeline of a finding's worst unit.
FINDING_RECORDS_MAX: Final = 60

# queries; over it: judged without the oldest, counter findings.partial. Of open units and finished sub-
# units, a client.
HELD_QUERIES_MAX: Final = 20_000

# ms; over it: its series and findings are forgotten, counter runs_forgotten. Each test run has a name of
# its own, and nobody asks for an old one.
RUN_KEEP_MS: Final = 7_200_000

# rules; over it: the rest is not used. They travel in HELLO.
IGNORE_RULES_MAX: Final = 100

# users; over it: reject users_max. Each has tables of its own.
USERS_MAX: Final = 256

# units; over it: error too_many_open. Units sent in parts, a client.
OPEN_UNITS_CLIENT_MAX: Final = 256

# bytes; over it: closed, slow_reader. Replies to a peer that does not read.
WRITE_BYTES_MAX: Final = 4_194_304

# commands; over it: error slow_reader. Questions of a peer that does not read the answers.
COMMANDS_PENDING_MAX: Final = 64

# ms; over it: the loop serves others first. A long listing never delays a unit.
REPLY_SLICE_MS: Final = 1

# ms; over it: a snapshot is written. What a crash can lose.
SNAPSHOT_INTERVAL_MS: Final = 60_000

# ms; over it: a private daemon ends. After its last client.
IDLE_EXIT_MS: Final = 1_800_000

# bytes; over it: hashed socket name. Sun_path of macOS less its zero byte.
PATH_BYTES_MAX: Final = 103
