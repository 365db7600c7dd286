using System.Collections.Immutable;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Search;
using Xunit;

namespace AgentPki.Testing.Stores;

public abstract partial class StoreContractTests<TStore>
{
    private async Task<List<LedgerRecord>> ReadLedgerAsync(long from = 0)
    {
        var records = new List<LedgerRecord>();
        await foreach (var record in Ledger.ReadAsync(from, Cancelled))
        {
            records.Add(record);
        }

        return records;
    }

    [Fact]
    public async Task Log_New_BeginsWithItsEpoch()
    {
        var first = (await ReadLedgerAsync())[0];

        Assert.Equal((LedgerEntryKind.EpochStarted, 1L, 0L), (first.Leaf.Kind, first.Leaf.Epoch, first.Leaf.Index));
        Assert.Equal((await Ledger.HeadAsync(Cancelled)).LogId, first.Leaf.LogId);
    }

    [Fact]
    public async Task Apply_Batch_GivesIndexesInOrderAndCommitsToDetails()
    {
        var before = (await Ledger.HeadAsync(Cancelled)).Size;

        var outcomes = Store.Apply([.. Enumerable.Range(0, 10).Select(StoreSamples.Issuance)]);

        Assert.Equal(Enumerable.Range(0, 10).Select(i => before + i), outcomes.Cast<CommitOutcome.Committed>().Select(c => c.LeafIndex));
        var records = await ReadLedgerAsync(before);
        Assert.Equal(10, records.Count);
        for (var n = 0; n < 10; n++)
        {
            var entry = StoreSamples.Issuance(n).Entry!;
            Assert.True(records[n].MatchesCommitment);
            Assert.Equal((entry.Kind, entry.Time, before + n), (records[n].Leaf.Kind, records[n].Leaf.Time, records[n].Leaf.Index));
            Assert.Equal(entry.Actor, records[n].Details?.Actor);
            Assert.Equal(entry.Details, records[n].Details?.Facts);
        }
    }

    [Fact]
    public async Task Apply_NoChanges_IsAnEntryAlone()
    {
        var committed = Commit(new CommitRequest(StoreSamples.Entry(LedgerEntryKind.EnrollmentRefused, ("reason", "bad proof of possession")), []));

        var record = await Ledger.FindAsync(committed.LeafIndex, Cancelled);

        Assert.Equal("bad proof of possession", record?.Details?.Facts["reason"]);
        Assert.Null(await Ledger.FindAsync(committed.LeafIndex + 1, Cancelled));
        Assert.Null(await Ledger.FindAsync(-1, Cancelled));
    }

    [Fact]
    public void Apply_EmptyBatch_DoesNothing() => Assert.Empty(Store.Apply([]));

    [Fact]
    public async Task Apply_ConflictAmongOthers_LeavesNothingOfItselfAndTheOthersStand()
    {
        Commit(StoreSamples.Issuance(1));
        Commit(StoreSamples.Request(new StoreChange.AddCredential(StoreSamples.Credential("once"))));
        var before = (await Ledger.HeadAsync(Cancelled)).Size;

        // Each writes something before it meets its conflict: an agent and a key, a use of a credential, a revocation.
        var reused = StoreSamples.Certificate(1) with { AgentId = StoreSamples.AgentId(50), KeyFingerprint = StoreSamples.KeyFingerprint(50) };
        var outcomes = Store.Apply(
        [
            StoreSamples.Issuance(10),
            StoreSamples.Request(new StoreChange.RegisterAgent(StoreSamples.Agent(50)), new StoreChange.BindKey(reused.KeyFingerprint, StoreSamples.AgentId(50)), new StoreChange.AddCertificate(reused)),
            StoreSamples.Issuance(11),
            StoreSamples.Request(new StoreChange.ConsumeCredential("once"), new StoreChange.ConsumeCredential("once")),
            StoreSamples.Request(new StoreChange.RevokeCertificate(StoreSamples.Authority, StoreSamples.Serial(1), StoreSamples.Now, RevocationReason.KeyCompromise), new StoreChange.ConsumeCredential("nobody")),
            StoreSamples.Revocation(10),
            StoreSamples.Request(new StoreChange.BindKey(StoreSamples.KeyFingerprint(50), StoreSamples.AgentId(1))),
        ]);

        Assert.Equal([true, false, true, false, false, true, true], outcomes.Select(o => o is CommitOutcome.Committed));
        Assert.Equal([before, before + 1, before + 2, before + 3], outcomes.OfType<CommitOutcome.Committed>().Select(c => c.LeafIndex));
        Assert.Equal([0L, 0, 1, 1], outcomes.OfType<CommitOutcome.Committed>().Select(c => c.Epoch));
        Assert.Null(await ((IAgentStore)Store).FindAsync(StoreSamples.AgentId(50), Cancelled));
        Assert.Equal(StoreSamples.AgentId(1), (await Certificates.FindKeyAsync(StoreSamples.KeyFingerprint(50), Cancelled))?.AgentId);
        Assert.Equal(0, (await Credentials.FindAsync("once", Cancelled))?.Uses);
        Assert.IsType<CertificateStatus.Good>(await Certificates.FindStatusAsync(StoreSamples.Authority, StoreSamples.Serial(1), Cancelled));
        Assert.Equal(3, await Certificates.CountAsync(Cancelled));
        Assert.Equal(before + 4, (await Ledger.HeadAsync(Cancelled)).Size);
    }

    [Fact]
    public async Task Apply_ConflictFirst_CostsTheOthersNothing()
    {
        Commit(StoreSamples.Issuance(1));

        var outcomes = Store.Apply([StoreSamples.Request(new StoreChange.AddCertificate(StoreSamples.Certificate(1))), StoreSamples.Issuance(2)]);

        Assert.IsType<CommitOutcome.Conflict>(outcomes[0]);
        Assert.IsType<CommitOutcome.Committed>(outcomes[1]);
        Assert.Equal(2, await Certificates.CountAsync(Cancelled));
    }

    [Fact]
    public async Task Apply_RequestThatDependsOnItsNeighbour_Sees_It()
    {
        var outcomes = Store.Apply([StoreSamples.Issuance(1), StoreSamples.Revocation(1), StoreSamples.Issuance(1)]);

        Assert.Equal([true, true, false], outcomes.Select(o => o is CommitOutcome.Committed));
        Assert.IsType<CertificateStatus.Revoked>(await Certificates.FindStatusAsync(StoreSamples.Authority, StoreSamples.Serial(1), Cancelled));
    }

    [Fact]
    public async Task Head_AndStoredHashes_AreThoseOfTheEntries()
    {
        // More than two tiles of 256, so that kept subtree heads are used.
        for (var batch = 0; batch < 30; batch++)
        {
            Store.Apply([.. Enumerable.Range(batch * 20, 20).Select(StoreSamples.Issuance)]);
        }

        var expected = new MerkleFrontier();
        var hashes = new List<MerkleHash>();
        foreach (var record in await ReadLedgerAsync())
        {
            hashes.Add(record.Leaf.Hash());
            expected.Append(hashes[^1]);
        }

        var head = await Ledger.HeadAsync(Cancelled);
        Assert.Equal((expected.Size, expected.Root()), (head.Size, head.Root));
        var prover = new MerkleProver(Ledger);
        Assert.Equal(head.Root, await prover.RootAsync(head.Size, Cancelled));
        foreach (var (index, size) in new[] { (0L, 1L), (5L, 300L), (299L, 300L), (255L, 256L), (256L, 513L), (0L, head.Size), (head.Size - 1, head.Size) })
        {
            var root = await prover.RootAsync(size, Cancelled);
            Assert.True(MerkleTree.VerifyInclusion(hashes[(int)index], index, size, await prover.InclusionProofAsync(index, size, Cancelled), root));
            Assert.True(MerkleTree.VerifyConsistency(size, root, head.Size, head.Root, await prover.ConsistencyProofAsync(size, head.Size, Cancelled)));
        }
    }

    [Fact]
    public async Task EpochStarted_Again_RaisesTheEpochFromThatLeafOn()
    {
        var started = Commit(new CommitRequest(StoreSamples.Entry(LedgerEntryKind.EpochStarted), []));
        var after = Commit(StoreSamples.Issuance(1));

        Assert.Equal(2, (await Ledger.HeadAsync(Cancelled)).Epoch);
        Assert.Equal(1, (await Ledger.FindAsync(started.LeafIndex - 1, Cancelled))?.Leaf.Epoch);
        Assert.Equal(2, (await Ledger.FindAsync(started.LeafIndex, Cancelled))?.Leaf.Epoch);
        Assert.Equal(2, (await Ledger.FindAsync(after.LeafIndex, Cancelled))?.Leaf.Epoch);
    }

    [Fact]
    public async Task EraseDetails_Known_LeavesTheLeafAndItsHash()
    {
        var committed = Commit(StoreSamples.Issuance(1));
        var before = await Ledger.FindAsync(committed.LeafIndex, Cancelled);
        var facts = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add(LedgerFacts.Leaf, $"{committed.LeafIndex}");

        Commit(StoreSamples.Request(LedgerEntryKind.DetailsErased, facts, new StoreChange.EraseDetails(committed.LeafIndex)));
        Commit(StoreSamples.Request(LedgerEntryKind.DetailsErased, facts, new StoreChange.EraseDetails(committed.LeafIndex)));

        var erased = await Ledger.FindAsync(committed.LeafIndex, Cancelled);
        Assert.True(erased?.IsErased);
        Assert.Equal(before?.Leaf, erased?.Leaf);
        Conflict(new StoreChange.EraseDetails(1000));
    }

    [Fact]
    public async Task Texts_OfAllKinds_ComeBackAsTheyWent()
    {
        var odd = "\u2014 \u00fc \U0001F600 \n\t\"';-- \0 " + new string('x', 5000);
        Commit(new CommitRequest(StoreSamples.Entry(LedgerEntryKind.EnrollmentRefused, ("odd", odd), ("empty", "")), [new StoreChange.RegisterAgent(StoreSamples.Agent(1) with { Owner = odd, Profile = "" })]));

        Assert.Equal(odd, (await ((IAgentStore)Store).FindAsync(StoreSamples.AgentId(1), Cancelled))?.Owner);
        Assert.Equal("", (await ((IAgentStore)Store).FindAsync(StoreSamples.AgentId(1), Cancelled))?.Profile);
        var details = (await ReadLedgerAsync())[^1].Details;
        Assert.Equal((odd, ""), (details?.Facts["odd"], details?.Facts["empty"]));
    }

    [Fact]
    public async Task Signatures_Added_AreJoinedToTheirCheckpointAndCountedByWitness()
    {
        var origin = Checkpoint.Of(await Ledger.HeadAsync(Cancelled)).Origin;
        var (first, second) = (await KeepCheckpointAsync(), await KeepCheckpointAsync());
        NoteSignature Line(string name, uint id, byte octet) => new(name, id, new[] { octet, octet });

        Assert.True(await Ledger.AddSignaturesAsync(first.Checkpoint, [Line("w1", 1, 1), Line("w1", 2, 1), Line("w2", 3, 1), Line(origin, 9, 1)], Cancelled));
        Assert.True(await Ledger.AddSignaturesAsync(second.Checkpoint, [Line("w1", 1, 1), Line("w1", 2, 1), Line(origin, 9, 1)], Cancelled));
        Assert.True(await Ledger.AddSignaturesAsync(second.Checkpoint, [Line("w1", 1, 2)], Cancelled)); // takes the former's place

        Assert.Equal(second.Checkpoint, (await Ledger.LatestCosignedAsync(1, Cancelled))?.Checkpoint);
        Assert.Equal(first.Checkpoint, (await Ledger.LatestCosignedAsync(2, Cancelled))?.Checkpoint); // two keys of one name are one witness
        Assert.Null(await Ledger.LatestCosignedAsync(3, Cancelled));
        var latest = await Ledger.LatestCheckpointAsync(Cancelled);
        Assert.Equal(4, latest?.Note.Signatures.Length);
        Assert.Equal(second.Note.Signatures[0].ToLine(), latest?.Note.Signatures[0].ToLine());
        Assert.Equal((byte)2, latest!.Note.Signatures.Single(line => line.KeyId == 1).Signature.Span[0]);
        var notes = new List<string>();
        await foreach (var note in Ledger.ReadCheckpointsAsync(Cancelled))
        {
            notes.Add(note);
        }

        Assert.Equal([5, 4], notes.Select(note => SignedCheckpoint.TryParse(note, out var read, out _) ? read.Note.Signatures.Length : 0));
    }

    [Fact]
    public async Task Signatures_OfACheckpointThatIsNotKept_AreNotKept()
    {
        var kept = await KeepCheckpointAsync();
        Assert.False(await Ledger.AddSignaturesAsync(kept.Checkpoint with { Root = MerkleTree.EmptyRoot }, [new NoteSignature("w1", 1, new byte[1])], Cancelled));
        Assert.False(await Ledger.AddSignaturesAsync(kept.Checkpoint with { Size = kept.Checkpoint.Size + 1 }, [new NoteSignature("w1", 1, new byte[1])], Cancelled));
        Assert.Null(await Ledger.LatestCosignedAsync(1, Cancelled));
    }

    [Fact]
    public async Task Checkpoints_ThinnedOut_LeaveTheMostCosignedOfEachHourAndTheNewest()
    {
        // Three an hour over four hours; of the second hour the first is cosigned.
        var kept = new List<SignedCheckpoint>();
        for (var i = 0; i < 12; i++)
        {
            kept.Add(await KeepCheckpointAsync(StoreSamples.Now.AddMinutes(20 * i)));
        }

        await Ledger.AddSignaturesAsync(kept[3].Checkpoint, [new NoteSignature("w1", 1, new byte[1])], Cancelled);
        await Ledger.AddSignaturesAsync(kept[4].Checkpoint, [new NoteSignature(kept[4].Checkpoint.Origin, 9, new byte[1])], Cancelled);

        Assert.Equal(6, await Ledger.ThinCheckpointsAsync(StoreSamples.Now.AddHours(3), Cancelled));
        Assert.Equal(0, await Ledger.ThinCheckpointsAsync(StoreSamples.Now.AddHours(3), Cancelled));
        var left = new List<long>();
        await foreach (var note in Ledger.ReadCheckpointsAsync(Cancelled))
        {
            left.Add(SignedCheckpoint.TryParse(note, out var read, out _) ? read.Checkpoint.Size : -1);
        }

        Assert.Equal(new[] { 2, 3, 8, 9, 10, 11 }.Select(i => kept[i].Checkpoint.Size), left);
        Assert.Equal(kept[3].Checkpoint, (await Ledger.LatestCosignedAsync(1, Cancelled))?.Checkpoint);
        Assert.Equal(kept[11].Checkpoint, (await Ledger.LatestCheckpointAsync(Cancelled))?.Checkpoint);
        Assert.Equal(2, await Ledger.ThinCheckpointsAsync(StoreSamples.Now.AddDays(9), Cancelled)); // one an hour stays: 2, 3, 8 and the newest
    }

    private async Task<SignedCheckpoint> KeepCheckpointAsync(DateTimeOffset? time = null)
    {
        Commit(new CommitRequest(StoreSamples.Entry(LedgerEntryKind.ConfigurationChanged, ("n", "1")) with { Time = time ?? StoreSamples.Now }, []));
        var checkpoint = Checkpoint.Of(await Ledger.HeadAsync(Cancelled));
        var signed = new SignedCheckpoint(checkpoint, new SignedNote(checkpoint.ToNoteText(), [new NoteSignature(checkpoint.Origin, 7, new byte[64])]));
        await Ledger.AddCheckpointAsync(signed, Cancelled);
        return signed;
    }

    [Fact]
    public async Task Search_ByEachThingAndSeveral_FindsWhatHolds()
    {
        LedgerEntry Said(LedgerEntryKind kind, string actor, int hour, params (string Name, string Value)[] facts) =>
            new(kind, StoreSamples.Now.AddHours(hour), actor, StoreSamples.Entry(kind, facts).Details);
        var first = (await Ledger.HeadAsync(Cancelled)).Size;
        Store.Apply([.. new[]
        {
            Said(LedgerEntryKind.EnrollmentRefused, "credential:web", 0, ("reason", "no such profile"), ("agent", "spiffe://example.test/team/web-1")),
            Said(LedgerEntryKind.EnrollmentRefused, "credential:db", 1, ("reason", "no such profile")),
            Said(LedgerEntryKind.CredentialCreated, "admin:uid=0", 2, ("name", "web")),
            Said(LedgerEntryKind.ConfigurationChanged, "agent:spiffe://example.test/team/web-1", 3, (LedgerFacts.Serial, "01a2b3")),
            Said(LedgerEntryKind.ConfigurationChanged, "agent:spiffe://example.test/team/other-web-1", 4, (LedgerFacts.Serial, "01a2b3ff"), ("note", "grüße 01a2b3")),
        }.Select(entry => new CommitRequest(entry, []))]);

        Assert.Equal([0, 1], await FoundAsync(new LedgerQuery { Kind = LedgerEntryKind.EnrollmentRefused }));
        Assert.Equal([0], await FoundAsync(new LedgerQuery { Actor = "credential:web" }));
        Assert.Equal([0, 1], await FoundAsync(new LedgerQuery { Actor = "credential:*" }));
        Assert.Equal([3], await FoundAsync(new LedgerQuery { Serial = "01a2b3" }));
        Assert.Equal([0, 3], await FoundAsync(new LedgerQuery { Agent = "web-1" }));
        Assert.Equal([0, 3], await FoundAsync(new LedgerQuery { Agent = "spiffe://example.test/team/web-1" }));
        Assert.Equal([3, 4], await FoundAsync(new LedgerQuery { Text = "01a2b3" }));
        Assert.Equal([4], await FoundAsync(new LedgerQuery { Text = "grüße" }));
        Assert.Equal([0, 1], await FoundAsync(new LedgerQuery { Text = "reason" }));
        Assert.Equal([1, 2], await FoundAsync(new LedgerQuery { After = StoreSamples.Now.AddHours(1), Before = StoreSamples.Now.AddHours(3) }));
        Assert.Equal([1], await FoundAsync(new LedgerQuery { Kind = LedgerEntryKind.EnrollmentRefused, Text = "profile", After = StoreSamples.Now.AddMinutes(1) }));
        Assert.Equal([0, 1, 2, 3, 4], await FoundAsync(new LedgerQuery()));
        Assert.Empty(await FoundAsync(new LedgerQuery { Text = "%" }));
        Assert.Empty(await FoundAsync(new LedgerQuery { Actor = "credential:we" }));

        async Task<List<long>> FoundAsync(LedgerQuery query)
        {
            var found = new List<long>();
            await foreach (var record in Ledger.SearchAsync(query, first, Cancelled))
            {
                found.Add(record.Leaf.Index - first);
            }

            return found;
        }
    }
}
