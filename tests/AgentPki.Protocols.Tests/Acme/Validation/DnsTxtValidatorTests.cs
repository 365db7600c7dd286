using AgentPki.Authority.Acme.Validation;
using AgentPki.Protocols.Acme.Validation;
using AgentPki.Protocols.Acme.Validation.Resolution;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;
using Microsoft.Extensions.Time.Testing;

namespace AgentPki.Protocols.Tests.Acme.Validation;

public sealed class DnsTxtValidatorTests
{
    // printf '%s' "$KEY_AUTHORIZATION" | openssl dgst -sha256 -binary | basenc --base64url | tr -d =
    private const string Expected = "lCM7cZyQXcVHK2nnW3jjAhNT3Fvm18UN-kWZZknKoYM";

    // printf '%s' https://pki.test/acme/account/1 | openssl dgst -sha256 -binary | head -c 10 | base32 | tr A-Z a-z
    private const string AccountLabel = "mner2jeiwunuo2ya";

    private const string Name = "_acme-challenge.a.example";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ValidateAsync_RecordWithTheDigest_IsValid(bool wildcard)
    {
        await using var dns = LoopbackDns.Start();
        dns.AddText(Name, Expected);
        Assert.Equal($"dns-01: a TXT record of {Name} holds {Expected}", Challenge.AssertValid(await ValidateAsync(dns, wildcard: wildcard)));
        Assert.Equal((Name, LoopbackDns.Txt), Assert.Single(dns.Questions.Select(q => (q.Name, q.Type))));
    }

    [Fact]
    public async Task ValidateAsync_OneOfSeveralRecords_IsValid()
    {
        await using var dns = LoopbackDns.Start();
        for (var i = 0; i < 40; i++)
        {
            dns.AddText(Name, $"{i}{new string('x', 60)}");
        }

        dns.AddText(Name, Expected);
        Challenge.AssertValid(await ValidateAsync(dns));
        Assert.Contains(dns.Questions, q => q.Tcp);
    }

    [Fact]
    public async Task ValidateAsync_RecordInTwoStrings_IsValid()
    {
        await using var dns = LoopbackDns.Start();
        dns.AddText(Name, Expected[..10], Expected[10..]);
        Challenge.AssertValid(await ValidateAsync(dns));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ValidateAsync_DelegatedByAlias_IsValid(bool aliasesOnly)
    {
        await using var dns = LoopbackDns.Start();
        dns.AliasesOnly = aliasesOnly;
        dns.AddAlias(Name, "a.validation.example").AddText("a.validation.example", Expected);
        Assert.Contains("an alias of a.validation.example", Challenge.AssertValid(await ValidateAsync(dns)));
    }

    [Fact]
    public async Task ValidateAsync_OtherRecords_AreShown()
    {
        await using var dns = LoopbackDns.Start();
        dns.AddText(Name, "one\x1b[2J").AddText(Name, Expected + "=").AddText(Name, Expected.ToUpperInvariant()).AddText(Name, new string('x', 200)).AddText(Name, " " + Expected);
        Challenge.AssertInvalid(AcmeErrorType.IncorrectResponse, await ValidateAsync(dns), "'one?[2J'", "and 2 more", $"one should hold '{Expected}'");
    }

    [Fact]
    public async Task ValidateAsync_RecordInPartsOfTwoRecords_IsInvalid()
    {
        await using var dns = LoopbackDns.Start();
        dns.AddText(Name, Expected[..10]).AddText(Name, Expected[10..]);
        Challenge.AssertInvalid(AcmeErrorType.IncorrectResponse, await ValidateAsync(dns));
    }

    [Fact]
    public async Task ValidateAsync_RecordAtTheDomainItself_IsInvalid()
    {
        await using var dns = LoopbackDns.Start();
        dns.AddText("a.example", Expected).AddText("_acme-challenge.www.a.example", Expected).AddText("_acme-challenge.example", Expected);
        Challenge.AssertInvalid(AcmeErrorType.Dns, await ValidateAsync(dns), Name);
    }

    [Fact]
    public async Task ValidateAsync_NoSuchName_IsDns()
    {
        await using var dns = LoopbackDns.Start();
        Challenge.AssertInvalid(AcmeErrorType.Dns, await ValidateAsync(dns), $"The name {Name} does not exist (NXDOMAIN)", Expected);
    }

    [Fact]
    public async Task ValidateAsync_NameWithoutSuchRecords_IsUnauthorized()
    {
        await using var dns = LoopbackDns.Start();
        dns.AddAddress(Name, "192.0.2.1");
        Challenge.AssertInvalid(AcmeErrorType.Unauthorized, await ValidateAsync(dns), $"{Name} has no TXT record", Expected);
    }

    [Fact]
    public async Task ValidateAsync_ServerFails_IsDns()
    {
        await using var dns = LoopbackDns.Start();
        dns.Answer(Name, 2);
        Challenge.AssertInvalid(AcmeErrorType.Dns, await ValidateAsync(dns), "SERVFAIL", dns.EndPoint.ToString());
    }

    [Fact]
    public async Task ValidateAsync_ServerIsSilent_EndsWhenTheTimeIsUp()
    {
        await using var dns = LoopbackDns.Start();
        var time = new FakeTimeProvider();
        dns.Script(Name, _ =>
        {
            time.Advance(TimeSpan.FromSeconds(15));
            return null;
        });
        Challenge.AssertInvalid(AcmeErrorType.Dns, await ValidateAsync(dns, time: time, patience: TimeSpan.FromMinutes(1)), "did not end within the 15 s");
    }

    [Fact]
    public async Task ValidateAsync_DnsAccount_AsksForTheAccountsName()
    {
        await using var dns = LoopbackDns.Start();
        dns.AddText($"_{AccountLabel}._acme-challenge.a.example", Expected).AddText("_acme-challenge.b.example", Expected);
        Assert.StartsWith($"dns-account-01: a TXT record of _{AccountLabel}.{Name}", Challenge.AssertValid(await ValidateAsync(dns, ChallengeTypes.DnsAccount01, wildcard: true)));
        Challenge.AssertInvalid(AcmeErrorType.Dns, await ValidateAsync(dns, ChallengeTypes.DnsAccount01, name: "b.example"), $"_{AccountLabel}._acme-challenge.b.example");
    }

    [Fact]
    public void Handles_NamesAlone_WildcardsToo()
    {
        foreach (var type in new[] { ChallengeTypes.Dns01, ChallengeTypes.DnsAccount01 })
        {
            var validator = Challenge.Validator(type);
            Assert.True(validator.Handles(AcmeIdentifier.Parse("dns", "a.example"), wildcard: false));
            Assert.True(validator.Handles(AcmeIdentifier.Parse("dns", "a.example"), wildcard: true));
            Assert.False(validator.Handles(AcmeIdentifier.Parse("ip", "192.0.2.1"), wildcard: false));
            Assert.False(validator.Handles(AcmeIdentifier.Parse("spiffe", "spiffe://a.example/x"), wildcard: false));
        }
    }

    [Fact]
    public void Validators_InTheirOrder_BeginWithHttp01()
    {
        Assert.Equal(["http-01", "dns-01", "tls-alpn-01", "dns-account-01"], Challenge.Validation().Validators.Select(v => v.Type));
    }

    private static async Task<ValidationResult> ValidateAsync(LoopbackDns dns, string type = ChallengeTypes.Dns01, bool wildcard = false, string name = "a.example", TimeProvider? time = null, TimeSpan? patience = null)
    {
        var resolver = new StubResolver(new ResolverOptions { Servers = [dns.EndPoint], Attempts = 1, Timeout = patience ?? TimeSpan.FromSeconds(2) }, time ?? TimeProvider.System);
        return await Challenge.Validator(type, resolver: resolver, time: time).ValidateAsync(Challenge.Request("dns", name, wildcard), TestContext.Current.CancellationToken);
    }
}
