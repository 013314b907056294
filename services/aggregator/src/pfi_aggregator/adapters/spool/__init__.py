"""The spool on disk.

    .lock                                    held by the one process that owns the spool
    incoming/<task>.<payload sha256>         payload so far, from byte 0
    incoming/<task>.<payload sha256>.header  its header, with the ticket
    <run>/<round>/<attempt>/<line>/<task>    a committed update (`record_file`)
    <run>/<round>/<attempt>/<line>/.plan     RoundPlan; makes the round known
    <run>/<round>/<attempt>/<line>/.sealed   SealRoundResponse; fixes the counted set
    <run>/<round>/<attempt>/<line>/.outcome  what a finalized round has led to
    <run>/<round>/<attempt>/<line>/.aborted  the attempt is void
    .trash/<sha256 of a round's key>         a settled round on its way out; emptied at start
    settled/<run>/<round>.<attempt>.<line>   what is left of a settled round

Payloads, headers and records are encrypted with a key per round, which lies outside (`round_keys`);
who commits how much of what weight (`.plan`, `.sealed`, `.outcome`) and file names are not.

What stands here is the truth; memory holds an index of it that is rebuilt at start.
"""
