using AgentPki.Authority.Acme.Validation;
using AgentPki.Protocols.Acme.Validation;
using AgentPki.Protocols.Acme.Validation.Caa;
using AgentPki.Protocols.Acme.Validation.Egress;
using AgentPki.Protocols.Acme.Validation.Resolution;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;

namespace AgentPki.Protocols.Tests.Acme.Validation;

public sealed class CaaCheckerTests
{
    private const string Name = "www.a.example";

    /// <summary>Records as flags, tag, value; whether www.a.example and whether *.www.a.example may be issued by dns-01.</summary>
    public static TheoryData<string, bool, bool> Records => new()
    {
        { "0 issue ca.example", true, true },
        { "0 issue CA.Example", true, true },
        { "0 ISSUE ca.example", true, true },
        { "128 issue ca.example", true, true },
        { "0 issue other.example", false, false },
        { "0 issue ;", false, false },
        { "0 issue ", false, false },
        { "0 issue other.example|0 issue ca.example", true, true },
        { "0 issue ca.example.", false, false },
        { "0 issue xca.example", false, false },
        { "0 issue \tca.example ; ", true, true },
        { "0 issue %%%%", false, false },
        { "0 issue ca.example policy=ev", false, false },
        { "0 issue ca.example; policy", false, false },
        { "0 issue ca.example; policy=ev;", false, false },
        { "0 issue ca.example; policy = ev", true, true },
        { "0 issuewild ca.example", true, true },
        { "0 issuewild other.example", true, false },
        { "0 issuewild ;", true, false },
        { "0 issue ;|0 issuewild ca.example", false, true },
        { "0 issue ca.example|0 issuewild other.example", true, false },
        { "0 issue ca.example|0 issuewild ;|0 issuewild ca.example", true, true },
        { "0 iodef mailto:x@a.example", true, true },
        { "128 iodef mailto:x@a.example", true, true },
        { "128 issuemail other.example", true, true },
        { "0 future ;", true, true },
        { "128 future ;", false, false },
        { "0 issue ca.example|128 future ;", false, false },
        { "0 issue ca.example; accounturi=https://pki.test/acme/account/1", true, true },
        { "0 issue ca.example; ACCOUNTURI=https://pki.test/acme/account/1", true, true },
        { "0 issue ca.example; accounturi=https://pki.test/acme/account/2", false, false },
        { "0 issue ca.example; accounturi=https://pki.test/acme/account/12", false, false },
        { "0 issue ca.example; accounturi=https://PKI.test/acme/account/1", false, false },
        { "0 issue ca.example; accounturi=", false, false },
        { "0 issue ca.example; accounturi=https://pki.test/acme/account/1; accounturi=https://pki.test/acme/account/1", false, false },
        { "0 issue ca.example; accounturi=https://pki.test/acme/account/2|0 issue ca.example; accounturi=https://pki.test/acme/account/1", true, true },
        { "0 issue ca.example; validationmethods=dns-01", true, true },
        { "0 issue ca.example; validationmethods=http-01,dns-01", true, true },
        { "0 issue ca.example; validationmethods=http-01", false, false },
        { "0 issue ca.example; validationmethods=DNS-01", false, false },
        { "0 issue ca.example; validationmethods=", false, false },
        { "0 issue ca.example; validationmethods=dns-01; validationmethods=dns-01", false, false },
        { "0 issue ca.example; accounturi=https://pki.test/acme/account/1; validationmethods=http-01", false, false },
        { "0 issue other.example; accounturi=https://pki.test/acme/account/1", false, false },
    };

    [Theory]
    [MemberData(nameof(Records))]
    public async Task CheckAsync_RecordsOfTheName_AllowOrForbid(string records, bool allowed, bool wildcardAllowed)
    {
        await using var dns = LoopbackDns.Start();
        Add(dns, Name, records);
        Assert.Equal(allowed, Allows(await CheckAsync(dns)));
        Assert.Equal(wildcardAllowed, Allows(await CheckAsync(dns, wildcard: true)));
        Assert.Equal([Name, Name], dns.Questions.Select(q => q.Name));
    }

    [Fact]
    public async Task CheckAsync_NoRecordsAnywhere_AllowsAndHasClimbed()
    {
        await using var dns = LoopbackDns.Start();
        dns.AddAddress("a.example", "192.0.2.1");
        Assert.Equal($"caa: neither {Name} nor a domain above it has CAA records", Challenge.AssertValid(await CheckAsync(dns)));
        Assert.Equal([Name, "a.example", "example"], dns.Questions.Select(q => q.Name));
    }

    [Theory]
    [InlineData("a.example")]
    [InlineData("example")]
    public async Task CheckAsync_RecordsOfAParent_Decide(string parent)
    {
        await using var dns = LoopbackDns.Start();
        Add(dns, parent, "0 issue other.example");
        Challenge.AssertInvalid(AcmeErrorType.Caa, await CheckAsync(dns), $"The CAA records of {parent} have no issue property for ca.example", "0 issue \"other.example\"");
    }

    [Fact]
    public async Task CheckAsync_RecordsOfTheNameItself_WinOverItsParents()
    {
        await using var dns = LoopbackDns.Start();
        Add(dns, "a.example", "0 issue other.example");
        Add(dns, Name, "0 issue ca.example");
        Challenge.AssertValid(await CheckAsync(dns));
    }

    [Fact]
    public async Task CheckAsync_Alias_IsFollowedAndItsParentsAreNotAsked()
    {
        await using var dns = LoopbackDns.Start();
        dns.AddAlias(Name, "host.cdn.example").AddAddress("host.cdn.example", "192.0.2.1");
        Add(dns, "cdn.example", "0 issue other.example");
        Challenge.AssertValid(await CheckAsync(dns));
        Add(dns, "host.cdn.example", "0 issue other.example");
        Challenge.AssertInvalid(AcmeErrorType.Caa, await CheckAsync(dns));
    }

    [Theory]
    [InlineData(Name)]
    [InlineData("a.example")]
    [InlineData("example")]
    public async Task CheckAsync_LookUpFails_IssuesNothing(string broken)
    {
        await using var dns = LoopbackDns.Start();
        dns.Answer(broken, 2);
        Challenge.AssertInvalid(AcmeErrorType.Dns, await CheckAsync(dns), $"CAA records of {broken} failed", "SERVFAIL");
    }

    [Fact]
    public async Task CheckAsync_MalformedRecord_IssuesNothing()
    {
        await using var dns = LoopbackDns.Start();
        dns.Add(Name, LoopbackDns.Caa, [0, 0]);
        Challenge.AssertInvalid(AcmeErrorType.Dns, await CheckAsync(dns), "malformed");
    }

    [Fact]
    public async Task CheckAsync_WithoutAnIdentity_IsForbiddenByAnyRestriction()
    {
        await using var dns = LoopbackDns.Start();
        Add(dns, Name, "0 issue other.example");
        Challenge.AssertInvalid(AcmeErrorType.Caa, await CheckAsync(dns, identities: []), "this CA has no name in them");
        dns.Clear(Name);
        Challenge.AssertValid(await CheckAsync(dns, identities: []));
    }

    [Fact]
    public async Task CheckAsync_Refusals_SayWhichRecordAndWhatWouldBeRight()
    {
        await using var dns = LoopbackDns.Start();
        Add(dns, "one.example", "0 issue ca.example; accounturi=https://pki.test/acme/account/2");
        Add(dns, "two.example", "0 issue ca.example; validationmethods=http-01");
        Add(dns, "three.example", "128 future x");
        Challenge.AssertInvalid(AcmeErrorType.Caa, await CheckAsync(dns, "one.example"), "accounturi", Challenge.AccountUrl);
        Challenge.AssertInvalid(AcmeErrorType.Caa, await CheckAsync(dns, "two.example"), "validationmethods", "dns-01");
        Challenge.AssertInvalid(AcmeErrorType.Caa, await CheckAsync(dns, "three.example"), "critical property 'future'");
    }

    [Fact]
    public async Task CheckAsync_Address_HasNoRecordsToAskFor()
    {
        await using var dns = LoopbackDns.Start();
        Challenge.AssertValid(await Checker(dns, "ca.example").CheckAsync(AcmeIdentifier.Parse("ip", "192.0.2.1"), false, ChallengeTypes.Http01, Challenge.AccountUrl, default));
        Assert.Empty(dns.Questions);
    }

    [Fact]
    public void Constructor_IdentityThatIsNoName_IsRefused() => Assert.Throws<ArgumentException>(() => Challenge.Validation(caaIdentities: "https://ca.example"));

    private static void Add(LoopbackDns dns, string name, string records)
    {
        foreach (var record in records.Split('|'))
        {
            var parts = record.Split(' ', 3);
            dns.AddCaa(name, byte.Parse(parts[0]), parts[1], parts[2]);
        }
    }

    private static bool Allows(ValidationResult result) => result switch
    {
        ValidationResult.Valid => true,
        ValidationResult.Invalid { Error: AcmeErrorType.Caa } => false,
        _ => throw new InvalidOperationException(result.ToString()),
    };

    private static async Task<ValidationResult> CheckAsync(LoopbackDns dns, string name = Name, bool wildcard = false, string[]? identities = null) =>
        await Checker(dns, identities ?? ["ca.example"])
            .CheckAsync(AcmeIdentifier.Parse("dns", name), wildcard, ChallengeTypes.Dns01, Challenge.AccountUrl, TestContext.Current.CancellationToken);

    private static CaaChecker Checker(LoopbackDns dns, params string[] identities)
    {
        var resolver = new StubResolver(new ResolverOptions { Servers = [dns.EndPoint], Attempts = 1 }, TimeProvider.System);
        return new CaaChecker(identities, new EgressGate(new EgressOptions(), resolver, TimeProvider.System), resolver);
    }
}
