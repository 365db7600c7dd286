using System.Text;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony.Scripts;

/// <summary>What officers compare: the plan's one text, its digest, and the words of it.</summary>
public sealed class PlanTextTests
{
    [Theory]
    [InlineData("7f000001", "lusab-babad")] // the examples of "A Proposal for Proquints"
    [InlineData("3f54dcc1", "gutih-tugad")]
    [InlineData("c0a80101", "safom-bahad")]
    [InlineData("ffff", "zuzuz")]
    [InlineData("ff", "zusab")]
    [InlineData("", "")]
    public void Encode_Octets_AreTheseWords(string octets, string words) => Assert.Equal(words, Proquints.Encode(Convert.FromHexString(octets)));

    [Theory]
    [InlineData("1d", "2027-01-02")]
    [InlineData("90d", "2027-04-01")]
    [InlineData("1y", "2028-01-01")]
    [InlineData("50y", "2077-01-01")]
    public void EndOf_Validity_IsThatDay(string text, string end) => Assert.Equal(end, Validities.EndOf(text, new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero)).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));

    [Theory]
    [InlineData("")]
    [InlineData("y")]
    [InlineData("0d")]
    [InlineData("-1d")]
    [InlineData("51y")]
    [InlineData("18301d")]
    [InlineData("1 d")]
    [InlineData("1m")]
    [InlineData("99999999999999999999d")]
    public void TryParse_NoValidity_IsRefused(string text)
    {
        Assert.False(Validities.TryParse(text, out _));
        Assert.Throws<FormatException>(() => Validities.EndOf(text, DateTimeOffset.UnixEpoch));
    }

    [Fact]
    public async Task TryParse_Encode_IsTheSamePlan()
    {
        using var ceremony = await CreateAsync();
        var plan = ceremony.Plan(CeremonyRunTests.Hierarchy);
        Assert.True(CeremonyPlan.TryParse(plan.Encode(), TestOfficers.Software, out var read, out _));
        Assert.Equal((plan.Sha256, plan.Title, plan.Home, 4, 3), (read.Sha256, read.Title, read.Home, read.Steps.Length, read.Steps[3].Quorum));
        Assert.NotEqual(plan.Sha256, ceremony.Plan(CeremonyRunTests.Hierarchy).Sha256);
    }

    [Theory]
    [InlineData("more", "home: test-pki\n", "home: test-pki\nmore: x\n")]
    [InlineData("order", "title: A test\n", "")]
    [InlineData("step unknown", "step.2: ledger-key", "step.2: dance")]
    [InlineData("step left out", "step.2: ledger-key\nstep.2.quorum: 2\n", "")]
    [InlineData("field left out", "step.3.name: root\n", "")]
    [InlineData("field unknown", "step.3.name: root\n", "step.3.name: root\nstep.3.name2: x\n")]
    [InlineData("field wrong", "step.3.validity: 20y\n", "step.3.validity: 20z\n")]
    [InlineData("quorum", "\nquorum: 2\n", "\nquorum: 4\n")]
    [InlineData("quorum of one", "\nquorum: 2\n", "\nquorum: 1\n")]
    [InlineData("quorum written otherwise", "\nquorum: 2\n", "\nquorum: 02\n")]
    [InlineData("rehearsal", "rehearsal: no", "rehearsal: maybe")]
    [InlineData("officer's name", "officer.alice: Alice Example", "officer.alice: Alice Other")]
    [InlineData("id", "ceremony: ", "ceremony: G")]
    public async Task TryParse_AnythingElse_IsRefused(string what, string from, string to)
    {
        using var ceremony = await CreateAsync();
        var text = Encoding.UTF8.GetString(ceremony.Plan(CeremonyRunTests.Hierarchy).Encode());
        var changed = text.Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(text, changed);
        Assert.False(CeremonyPlan.TryParse(Encoding.UTF8.GetBytes(changed), TestOfficers.Software, out _, out var problem), what);
        Assert.NotEmpty(problem);
    }

    private static async Task<TestCeremony> CreateAsync() => new(await TestOfficers.CreateAsync(2, AgentPki.Cryptography.KeyAlgorithm.EcdsaP256, "alice", "bob", "carol"), TimeProvider.System);
}
