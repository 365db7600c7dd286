using System.Collections.Immutable;
using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using Xunit;

namespace AgentPki.Authority.Tests.Commit;

/// <summary>Whoever remembers an agent or a certificate hears of each change of it, and of no change of another as long as there are not too many.</summary>
public sealed class ChangeMarksTests
{
    private const string One = "spiffe://agents.example/one";
    private const string Other = "spiffe://agents.example/other";
    private static readonly byte[] _serial = [1, 2, 3];
    private static readonly string _ofOne = ChangeMarks.NameOf("issuing", _serial);
    private static readonly string _ofOther = ChangeMarks.NameOf("issuing", [9]);

    /// <summary>Each kind of change that a remembered standing could be outdated by, of <see cref="One"/> or its certificate alone.</summary>
    public static TheoryData<StoreChange, bool> Named => new()
    {
        { new StoreChange.SetAgentState(One, AgentState.Suspended), false },
        { new StoreChange.SetAgentParent(One, Other), false },
        { new StoreChange.SuspendByRule(One, SuspensionRule.OwnerLeft, DateTimeOffset.UnixEpoch, null), false },
        { new StoreChange.ReviewAgent(One, null), false },
        { new StoreChange.PutAgents([new AgentPut(new AgentRecord(One, "o", "", AgentState.Active, DateTimeOffset.UnixEpoch), 1)]), false },
        { new StoreChange.RevokeCertificate("issuing", _serial, DateTimeOffset.UnixEpoch, RevocationReason.KeyCompromise), false },
        { new StoreChange.RevokeSet(RevocationSelector.Of("issuing", _serial), DateTimeOffset.UnixEpoch, RevocationReason.KeyCompromise), true },
        { new StoreChange.RevokeSet(new RevocationSelector { Agent = One }, DateTimeOffset.UnixEpoch, RevocationReason.CertificateHold), true },
        { new StoreChange.ReleaseSet(new RevocationSelector { Agent = One }, DateTimeOffset.UnixEpoch), true },
    };

    /// <summary>Those that may be anyone's.</summary>
    public static TheoryData<StoreChange> Sweeping =>
    [
        new StoreChange.RevokeSet(new RevocationSelector { Agent = Other, WithDescendants = true }, DateTimeOffset.UnixEpoch, RevocationReason.CertificateHold),
        new StoreChange.RevokeSet(new RevocationSelector { Owner = "o" }, DateTimeOffset.UnixEpoch, RevocationReason.CertificateHold),
        new StoreChange.RevokeSet(new RevocationSelector { Authority = "issuing" }, DateTimeOffset.UnixEpoch, RevocationReason.KeyCompromise),
        new StoreChange.ReleaseSet(new RevocationSelector { AgentsUnder = "spiffe://agents.example/" }, DateTimeOffset.UnixEpoch),
        new StoreChange.RevertWatchResponse("w-1", DateTimeOffset.UnixEpoch, "admin:a", "admin:b"),
    ];

    [Theory]
    [MemberData(nameof(Named))]
    public void Observe_ChangeOfOne_OutdatesThatOneAlone(StoreChange change, bool selects)
    {
        var clock = new RevocationClock(0);
        var before = clock.Changes;
        clock.Observe(new CommitRequest(null, [change]), Committed(selects ? 1 : null));
        Assert.True(clock.HasChangedSince(before, [One, _ofOne]));
        Assert.False(clock.HasChangedSince(before, [Other, _ofOther]));
        Assert.False(clock.HasChangedSince(clock.Changes, [One, _ofOne]));
    }

    [Theory]
    [MemberData(nameof(Sweeping))]
    public void Observe_ChangeOfWhateverIsSelected_OutdatesAll(StoreChange change)
    {
        var clock = new RevocationClock(0);
        var before = clock.Changes;
        clock.Observe(new CommitRequest(null, [change]), Committed(0));
        Assert.False(clock.HasChangedSince(before, [One, _ofOne]));
        clock.Observe(new CommitRequest(null, [change]), Committed(1));
        Assert.True(clock.HasChangedSince(before, [One, _ofOne]));
        Assert.False(clock.HasChangedSince(clock.Changes, [One, _ofOne]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Of_RandomChanges_IsNeverBelowTheTruth(int capacity)
    {
        var random = new Random(capacity);
        var marks = new ChangeMarks(capacity);
        var truth = new long[40];
        long exact = 0;
        for (var number = 1; number <= 5000; number++)
        {
            var changed = random.Next(truth.Length);
            truth[changed] = number;
            marks.Mark($"{changed}", number);
            for (var name = 0; name < truth.Length; name++)
            {
                Assert.InRange(marks.Of($"{name}"), truth[name], number);
                exact += marks.Of($"{name}") == truth[name] ? 1 : 0;
            }
        }

        Assert.Equal(capacity >= truth.Length, exact == 5000L * truth.Length);
    }

    private static CommitOutcome.Committed Committed(long? selected) =>
        new(0, selected is > 0 ? 1 : 0) { Selected = selected is { } count ? new SelectedSet(count, "", ImmutableArray<string>.Empty, 0, 0) : null };
}
