using System.Buffers.Text;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using AgentPki.Client.Decisions;
using AgentPki.Client.Tests.Peers;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Ledger.Decisions;
using Xunit;

namespace AgentPki.Client.Tests.Decisions;

/// <summary>What is permitted while the appliance cannot be asked, and every way to have more of it.</summary>
public sealed class DecisionClientTests : IAsyncLifetime
{
    private DecisionWorld _world = null!;
    private X509Certificate2 _agent = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await DecisionWorld.CreateAsync();
        _agent = _world.Agent("agent/a");
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    public static TheoryData<string> Absences => ["refused", "name", "ended", "reset", "timeout", "502", "503", "504"];

    [Theory]
    [MemberData(nameof(Absences))]
    public async Task Ask_ApplianceAwayWithinItsTime_IsPermittedAndTold(string absence)
    {
        using var client = _world.Client();
        _world.Offline = TimeSpan.FromSeconds(20);
        var now = await AskAsync(client);
        Assert.Equal((true, DecisionOrigin.Appliance), (now.IsPermitted, now.Origin));
        Take(absence);
        await _world.PassAsync(TimeSpan.FromSeconds(15));
        var later = await AskAsync(client);
        Assert.Equal((true, DecisionOrigin.Remembered, now.Receipt), (later.IsPermitted, later.Origin, later.Receipt));
        Assert.Equal(["gdpr"], later.Obligations);
        Assert.Equal(["permitted:p"], later.Reasons);
        var told = Assert.Single(_world.Told);
        Assert.True(told.Answer.IsPermitted);
        Assert.Equal("crm/42", told.Question.Resource);

        await _world.PassAsync(TimeSpan.FromSeconds(5));
        Assert.Contains("could be relied on for 20 seconds", Denied(await AskAsync(client)), StringComparison.Ordinal);
        Assert.False(_world.Told[1].Answer.IsPermitted);
    }

    [Fact]
    public async Task Ask_NeverPermittedBefore_IsDenied()
    {
        using var client = _world.Client();
        _world.GoAway();
        Assert.Contains("was not permitted before", Denied(await AskAsync(client)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_AnotherProcess_RemembersNothing()
    {
        using var client = _world.Client();
        Assert.True((await AskAsync(client)).IsPermitted);
        using var another = _world.Client();
        _world.GoAway();
        Denied(await AskAsync(another));
    }

    [Theory]
    [InlineData("revoked"), InlineData("held"), InlineData("issuer")]
    public async Task Ask_RevokedByTheFeedMeanwhile_IsDenied(string what)
    {
        using var client = _world.Client();
        Assert.True((await AskAsync(client)).IsPermitted);
        _world.GoAway();
        Assert.True((await AskAsync(client)).IsPermitted);
        await (what == "held" ? _world.Peers.HoldAsync(_agent) : _world.Peers.RevokeAsync(what == "issuer" ? _world.Peers.IssuingCertificate : _agent));
        await _world.PassAsync(TimeSpan.FromSeconds(5));
        Assert.Contains("is revoked or held", Denied(await AskAsync(client)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_WhoAsksWasRevoked_IsDenied()
    {
        X509Certificate2? mine = null;
        using var client = _world.Client(o =>
        {
            mine = o.Identity;
            return o;
        });
        Assert.True((await AskAsync(client)).IsPermitted);
        _world.GoAway();
        await _world.Peers.RevokeAsync(mine!);
        await _world.PassAsync(TimeSpan.FromSeconds(5));
        Assert.Contains("who asks is revoked", Denied(await AskAsync(client)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_FeedSilentForTooLong_IsDenied()
    {
        using var client = _world.Client();
        Assert.True((await AskAsync(client)).IsPermitted);
        _world.GoAway();
        await _world.Peers.CutFeedAsync();
        Assert.True((await AskAsync(client)).IsPermitted);
        _world.Peers.Clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Contains("the revocation feed was last heard", Denied(await AskAsync(client)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_ClockSetBack_IsDeniedUntilTheApplianceAnswers()
    {
        using var client = _world.Client();
        Assert.True((await AskAsync(client)).IsPermitted);
        _world.GoAway();
        _world.Peers.Clock.Turn(TimeSpan.FromSeconds(-8)); // the feed bears ten
        Assert.Contains("set back", Denied(await AskAsync(client)), StringComparison.Ordinal);
        _world.Failure = null;
        Assert.True((await AskAsync(client)).IsPermitted);
        _world.GoAway();
        Assert.Equal(DecisionOrigin.Remembered, (await AskAsync(client)).Origin);
    }

    [Fact]
    public async Task Ask_ClockSetBackByLittle_GainsNothing()
    {
        using var client = _world.Client(o => o with { ClockTolerance = TimeSpan.FromMinutes(1) });
        _world.Offline = TimeSpan.FromSeconds(60);
        Assert.True((await AskAsync(client)).IsPermitted);
        _world.GoAway();
        await _world.PassAsync(TimeSpan.FromSeconds(55));
        Assert.True((await AskAsync(client)).IsPermitted);
        _world.Peers.Clock.Turn(TimeSpan.FromSeconds(-8));
        _world.Peers.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Contains("for 60 seconds", Denied(await AskAsync(client)), StringComparison.Ordinal); // 52 by the wall, 60 in truth
    }

    [Fact]
    public async Task Ask_MachineSlept_WallClockEndsIt()
    {
        using var client = _world.Client();
        _world.Offline = TimeSpan.FromSeconds(15);
        Assert.True((await AskAsync(client)).IsPermitted);
        _world.GoAway();
        _world.Peers.Clock.Turn(TimeSpan.FromSeconds(15)); // its timestamps stood still
        Assert.Contains("for 15 seconds", Denied(await AskAsync(client)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_AnyOtherQuestion_IsDenied()
    {
        using var client = _world.Client();
        using var renewed = _world.Peers.Agent("agent/a"); // the same name
        using var other = _world.Peers.Agent("agent/b");
        var asked = DecisionWorld.Question(_agent, context: """{"ip":"10.0.0.1","amount":5}""");
        Assert.True((await client.AskAsync(asked, Cancelled)).IsPermitted);
        _world.GoAway();
        Assert.True((await client.AskAsync(DecisionWorld.Question(_agent, context: """{"amount":5,"nonce":"mine","ip":"10.0.0.1"}"""), Cancelled)).IsPermitted); // in another order it is the same
        DecisionQuestion[] others =
        [
            DecisionWorld.Question(_agent, "43", context: """{"ip":"10.0.0.1","amount":5}"""), DecisionWorld.Question(_agent, "42", "write", """{"ip":"10.0.0.1","amount":5}"""),
            DecisionWorld.Question(_agent, context: """{"ip":"10.0.0.2","amount":5}"""), DecisionWorld.Question(_agent, context: """{"ip":"10.0.0.1","amount":5.0}"""), DecisionWorld.Question(_agent),
            DecisionWorld.Question(renewed, context: """{"ip":"10.0.0.1","amount":5}"""), DecisionWorld.Question(other, context: """{"ip":"10.0.0.1","amount":5}"""),
            asked with { ResourceProperties = Json("""{"status":"active"}""") }, asked with { ActionProperties = Json("""{"method":"GET"}""") }, asked with { Claims = Json("""{"role":"admin"}""") },
        ];
        foreach (var one in others)
        {
            Denied(await client.AskAsync(one, Cancelled));
        }
    }

    [Fact]
    public async Task Ask_DeniedLater_ErasesIt()
    {
        using var client = _world.Client();
        Assert.True((await AskAsync(client)).IsPermitted);
        _world.Permits = false;
        var no = await AskAsync(client);
        Assert.Equal((false, DecisionOrigin.Appliance), (no.IsPermitted, no.Origin));
        _world.GoAway();
        Denied(await AskAsync(client));
    }

    [Fact]
    public async Task Ask_PermittedLaterWithoutThat_ErasesIt()
    {
        using var client = _world.Client();
        Assert.True((await AskAsync(client)).IsPermitted);
        _world.Offline = TimeSpan.Zero;
        Assert.True((await AskAsync(client)).IsPermitted);
        Assert.Equal(0, client.Remembered);
        _world.Offline = TimeSpan.FromMinutes(5);
        Assert.True((await AskAsync(client)).IsPermitted);
        _world.Receipt = _ => null; // a permission that nothing shows
        Assert.True((await AskAsync(client)).IsPermitted);
        Assert.Equal(0, client.Remembered);
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized, true), InlineData(HttpStatusCode.Forbidden, true)]
    [InlineData(HttpStatusCode.BadRequest, false), InlineData(HttpStatusCode.TooManyRequests, false), InlineData(HttpStatusCode.InternalServerError, false), InlineData(HttpStatusCode.Redirect, false)]
    public async Task Ask_ApplianceAnswersAndRefuses_IsNoAbsence(HttpStatusCode status, bool everything)
    {
        using var client = _world.Client();
        Assert.True((await AskAsync(client)).IsPermitted);
        Assert.True((await client.AskAsync(DecisionWorld.Question(_agent, "43"), Cancelled)).IsPermitted);
        _world.Status = status;
        Assert.Contains($"answered {(int)status}", Denied(await AskAsync(client)), StringComparison.Ordinal);
        Assert.Equal(everything ? 0 : 1, client.Remembered);
        Assert.Empty(_world.Told);
        _world.GoAway();
        Denied(await AskAsync(client));
        Assert.Equal(!everything, (await client.AskAsync(DecisionWorld.Question(_agent, "43"), Cancelled)).IsPermitted);
    }

    [Fact]
    public async Task Ask_SomebodyElseAnswersInItsPlace_IsNoAbsence()
    {
        using var client = _world.Client();
        Assert.True((await AskAsync(client)).IsPermitted);
        _world.Failure = new HttpRequestException(HttpRequestError.SecureConnectionError, "The SSL connection could not be established.", new AuthenticationException("not trusted"));
        Assert.Contains("is not believed", Denied(await AskAsync(client)), StringComparison.Ordinal);
        _world.Failure = new HttpRequestException(HttpRequestError.InvalidResponse, "nonsense");
        Assert.Contains("is not believed", Denied(await AskAsync(client)), StringComparison.Ordinal);
    }

    public static TheoryData<string> Forgeries => ["agent", "certificate", "resource", "action", "denied", "question", "nonce", "audience", "issuer", "type", "key", "crit"];

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task Ask_ReceiptThatSaysOtherwise_IsANoAndErasesWhatWas(string forgery)
    {
        using var client = _world.Client();
        Assert.True((await AskAsync(client)).IsPermitted);
        using var other = _world.Peers.Agent("agent/b");
        await using var foreign = await Foreign();
        (_world.Statement, _world.Receipt) = forgery switch
        {
            "agent" => (Each(d => d with { Subject = "spiffe://agents.test/agent/b" }), _world.Receipt),
            "certificate" => (Each(d => d with { CertificateSha256 = Convert.ToHexStringLower(PeerWorld.Parsed(other).Fingerprint()) }), _world.Receipt),
            "resource" => (Each(d => d with { Resource = "crm/43" }), _world.Receipt),
            "action" => (Each(d => d with { Action = "list" }), _world.Receipt),
            "denied" => (Each(d => d with { IsPermitted = false }), _world.Receipt),
            "question" => (Each(d => d with { RequestSha256 = new string('0', 64) }), _world.Receipt),
            "nonce" => (s => s with { Nonce = "another" }, _world.Receipt),
            "audience" => (s => s with { Audience = "spiffe://agents.test/guard/other" }, _world.Receipt),
            "issuer" => (s => s with { Issuer = "http://another.test" }, _world.Receipt),
            "type" => (s => s, Signed(_world.Key, """{"alg":"ES256","typ":"at+jwt","kid":"KID"}""")),
            "key" => (s => s, Signed(foreign, """{"alg":"ES256","typ":"agentpki-decision+jwt","kid":"KID"}""")),
            _ => (_world.Statement, Signed(_world.Key, """{"alg":"ES256","typ":"agentpki-decision+jwt","kid":"KID","crit":["exp"]}""")),
        };
        Denied(await AskAsync(client));
        Assert.Equal(0, client.Remembered);
        _world.GoAway();
        Denied(await AskAsync(client));

        static Func<DecisionStatement, DecisionStatement> Each(Func<DecidedAction, DecidedAction> with) => s => s with { Decisions = [.. s.Decisions.Select(with)] };
    }

    [Fact]
    public async Task Ask_ReceiptOfBefore_ReplayedForANewQuestion_IsANo()
    {
        using var client = _world.Client();
        var first = (await AskAsync(client)).Receipt!;
        _world.Receipt = _ => first;
        Assert.Contains("nonce", Denied(await AskAsync(client)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_ReceiptsKeyChanged_IsFetchedAgain()
    {
        using var client = _world.Client();
        Assert.True((await AskAsync(client)).IsPermitted);
        await _world.RollAsync();
        await _world.PassAsync(TimeSpan.FromSeconds(10));
        Assert.True((await AskAsync(client)).IsPermitted);
        Assert.Equal(1, client.Remembered);
    }

    [Fact]
    public async Task Ask_AnswersThatOvertakeEachOther_ADenialWins()
    {
        using var client = _world.Client();
        var arrives = new TaskCompletionSource();
        _world.Delay = arrives.Task;
        async Task<DecisionAnswer> LateAsync() => await AskAsync(client);
        var slow = LateAsync(); // decided yes
        Assert.Equal(1, _world.Questions);
        (_world.Delay, _world.Permits) = (Task.CompletedTask, false);
        Assert.False((await AskAsync(client)).IsPermitted);
        arrives.SetResult();
        Assert.True((await slow).IsPermitted);
        Assert.Equal(0, client.Remembered);
    }

    [Fact]
    public async Task Ask_MoreThanIsRemembered_ForgetsTheOldest()
    {
        using var client = _world.Client(o => o with { MostRemembered = 3 });
        for (var i = 0; i < 5; i++)
        {
            Assert.True((await client.AskAsync(DecisionWorld.Question(_agent, $"{i}"), Cancelled)).IsPermitted);
        }

        Assert.Equal(3, client.Remembered);
        _world.GoAway();
        Denied(await client.AskAsync(DecisionWorld.Question(_agent, "1"), Cancelled));
        Assert.True((await client.AskAsync(DecisionWorld.Question(_agent, "2"), Cancelled)).IsPermitted);
    }

    [Fact]
    public async Task Ask_ClientOfLess_BoundsWhatTheApplianceSays()
    {
        using var never = _world.Client(o => o with { LongestOffline = TimeSpan.Zero });
        Assert.True((await AskAsync(never)).IsPermitted);
        Assert.Equal(0, never.Remembered);
        using var little = _world.Client(o => o with { LongestOffline = TimeSpan.FromSeconds(20) });
        Assert.True((await AskAsync(little)).IsPermitted);
        _world.GoAway();
        await _world.PassAsync(TimeSpan.FromSeconds(20));
        Assert.Contains("for 20 seconds", Denied(await AskAsync(little)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_WithoutIssuingCAs_IsDeniedAndSaysWhatHelps()
    {
        using var client = _world.Client(o => o with { Intermediates = [] });
        Assert.True((await AskAsync(client)).IsPermitted);
        _world.GoAway();
        Assert.Contains("name the issuing CAs", Denied(await AskAsync(client)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_WhoWritesItDownCannot_NobodyIsPermitted()
    {
        using var client = _world.Client();
        Assert.True((await AskAsync(client)).IsPermitted);
        _world.GoAway();
        client.AnsweredOffline += (_, _) => throw new IOException("the disk is full");
        await Assert.ThrowsAsync<IOException>(() => AskAsync(client));
    }

    [Fact]
    public async Task Ask_WantsReceipt_AnAnswerWithoutIsANo()
    {
        using var client = _world.Client(o => o with { WantsReceipt = true });
        _world.Receipt = _ => null;
        Assert.Contains("gives no receipt", Denied(await AskAsync(client)), StringComparison.Ordinal);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private Task<DecisionAnswer> AskAsync(DecisionClient client) => client.AskAsync(DecisionWorld.Question(_agent), Cancelled);

    private static string Denied(DecisionAnswer answer)
    {
        Assert.Equal((false, DecisionOrigin.Nobody, null), (answer.IsPermitted, answer.Origin, answer.Receipt));
        return Assert.Single(answer.Reasons);
    }

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private static async Task<ISigningKey> Foreign() =>
        await new PlatformProvider().GenerateAsync(new KeySpec("foreign", KeyAlgorithm.EcdsaP256, KeyPurpose.Subject), CancellationToken.None);

    /// <summary>The payload under another header, by a key of one's choice under the name of the appliance's.</summary>
    private Func<string, string?> Signed(ISigningKey key, string header) => receipt =>
    {
        var text = header.Replace("KID", Jwk.Of(_world.Key.PublicKey).Thumbprint(), StringComparison.Ordinal);
        var input = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text))}.{receipt.Split('.')[1]}";
        var made = key.SignAsync(SignatureAlgorithm.EcdsaSha256, Encoding.ASCII.GetBytes(input), CancellationToken.None).AsTask().GetAwaiter().GetResult();
        var pair = new byte[64];
        Assert.True(EcdsaSignatureValue.TryToConcatenation(made, pair));
        return $"{input}.{Base64Url.EncodeToString(pair)}";
    };

    private void Take(string absence)
    {
        if (int.TryParse(absence, out var status))
        {
            _world.Status = (HttpStatusCode)status;
            return;
        }

        _world.Failure = absence switch
        {
            "refused" => new HttpRequestException(HttpRequestError.ConnectionError, "Connection refused"),
            "name" => new HttpRequestException(HttpRequestError.NameResolutionError, "Name or service not known"),
            "ended" => new HttpRequestException(HttpRequestError.ResponseEnded, "The response ended prematurely."),
            "reset" => new HttpRequestException("An error occurred while sending the request.", new IOException("Connection reset by peer")),
            _ => new TaskCanceledException("The request was canceled due to the configured HttpClient.Timeout", new TimeoutException()),
        };
    }
}
