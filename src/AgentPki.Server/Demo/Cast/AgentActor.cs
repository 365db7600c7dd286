using System.Globalization;
using System.Text.Json;
using AgentPki.Client.Delegation;
using AgentPki.Client.Est;
using AgentPki.Cryptography;
using AgentPki.Server.Cli.Commands;
using AgentPki.Server.Composition;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Names;
using Grpc.Core;

namespace AgentPki.Server.Demo.Cast;

/// <summary>An agent in a process of its own (<c>agentpki demo agent</c>): does what it reads on its standard input, each order beside the others, and says what came of it.</summary>
internal sealed class AgentActor(AgentSetting setting, TextReader orders, TextWriter answers, TimeProvider clock) : IAsyncDisposable
{
    private readonly OAuthCalls _oauth = new(setting.Pki, setting.Anchors);
    private readonly ToolCalls _tools = new(setting.Tools, setting.Anchors, clock);
    private AgentSelf? _self;
    private string _token = "";
    private Task<ToolReply>? _follows;
    private SvidStream? _svids;
    private Task<AgentAnswer>? _svidsEnd;

    private AgentSelf Self => _self ??= AgentSelf.Load(setting.Folder);

    /// <summary>Until its standard input ends.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = new List<Task>();
        // A thread of its own: reading a pipe is not cancelled.
        while (await Task.Run(orders.ReadLine, cancellationToken).WaitAsync(cancellationToken) is { } line)
        {
            if (JsonSerializer.Deserialize(line, DemoJson.Default.AgentOrder) is { } order)
            {
                running.Add(AnswerAsync(order, ending.Token));
            }
        }

        await ending.CancelAsync();
        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        _svids?.Dispose();
        if (_self is not null)
        {
            await _self.DisposeAsync();
        }
    }

    private async Task AnswerAsync(AgentOrder order, CancellationToken cancellationToken)
    {
        AgentAnswer answer;
        try
        {
            answer = await DoAsync(order, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
        catch (HttpRequestException failure)
        {
            answer = Say(MutualTls.IsRefusal(failure) ? AgentOutcome.Refused : AgentOutcome.Failed, (failure.InnerException ?? failure).Message);
        }
        catch (EstProtocolException failure)
        {
            answer = Say(failure.InnerException is HttpRequestException inner && !MutualTls.IsRefusal(inner) ? AgentOutcome.Failed : AgentOutcome.Refused, failure.Message);
        }
        catch (DelegationException refused)
        {
            answer = Say(refused.Status is null ? AgentOutcome.Failed : AgentOutcome.Refused, refused.Message);
        }
#pragma warning disable CA1031 // Whatever it was, the story waits for an answer.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            answer = Say(AgentOutcome.Failed, failure.Message);
        }

        await answers.WriteLineAsync(JsonSerializer.Serialize(answer with { Number = order.Number }, DemoJson.Default.AgentAnswer));
    }

    private Task<AgentAnswer> DoAsync(AgentOrder order, CancellationToken cancellationToken) => order switch
    {
        { Do: "enrol", With: [var credential] } => EnrolAsync(credential, cancellationToken),
        { Do: "renew" } => RenewAsync(cancellationToken),
        { Do: "token", With: [var scope] } => TokenAsync(_oauth.TokenAsync(Self, setting.Tools, scope, cancellationToken)),
        { Do: "exchange", With: [var subject, var scope] } => TokenAsync(_oauth.ExchangeAsync(Self, subject, scope, cancellationToken)),
        { Do: "spawn", With: [var child, var policy, var folder] } => SpawnAsync(child, policy, folder, cancellationToken),
        { Do: "call", With: [var action, var resource] } => SayAsync(_tools.CallAsync(Self, _token, action, resource, cancellationToken)),
        { Do: "burst", With: [var action, var resource, var most] } => BurstAsync(action, resource, int.Parse(most, CultureInfo.InvariantCulture), cancellationToken),
        { Do: "until-out", With: [var action, var resource] } => SayAsync(_tools.UntilOutAsync(Self, _token, action, resource, cancellationToken)),
        { Do: "follow", With: [var resource] } => FollowAsync(resource, cancellationToken),
        { Do: "cut" } => SayAsync(_follows ?? throw new InvalidOperationException("It follows nothing.")),
        { Do: "svid" } => SvidAsync(cancellationToken),
        { Do: "svid-end" } => _svidsEnd ?? throw new InvalidOperationException("It has no stream."),
        { Do: "svid-again" } => SvidAgainAsync(cancellationToken),
        _ => Task.FromResult(Say(AgentOutcome.Failed, $"'{order.Do}' is nothing that an agent of this story does.")),
    };

    private async Task<AgentAnswer> EnrolAsync(string credential, CancellationToken cancellationToken)
    {
        _self = await AgentSelf.EnrolAsync(setting.Folder, setting.Pki, setting.Anchors, setting.Id, credential, clock, cancellationToken);
        return Say(AgentOutcome.Done, _self.Certificate.SerialHex);
    }

    // RFC 7030 §4.2.2, with a new key.
    private async Task<AgentAnswer> RenewAsync(CancellationToken cancellationToken)
    {
        using var client = new EstClient(new EstClientOptions(setting.Pki, setting.Anchors, ClientCertificate: Self.Tls), clock);
        var renewed = await new EstEnroller(client, ProviderList.SoftwareOnly, KeyAlgorithm.EcdsaP256).ReenrollAsync(Self.Certificate, null, cancellationToken);
        await using var key = renewed.Key;
        return renewed.Outcome switch
        {
            EstEnrollment.Issued issued => Say(AgentOutcome.Done, issued.Certificate.SerialHex),
            EstEnrollment.Refused refused => Say(refused.Status is >= 400 and < 500 ? AgentOutcome.Refused : AgentOutcome.Failed, $"HTTP {refused.Status}: {refused.Detail.Trim()}"),
            _ => Say(AgentOutcome.Failed, "it waits for a person"),
        };
    }

    // What it has now, it uses from now on.
    private async Task<AgentAnswer> TokenAsync(Task<OAuthReply> asking)
    {
        var reply = await asking;
        _token = reply.Token ?? _token;
        return reply.Token is { } token ? Say(AgentOutcome.Done, token) : Say(reply.Error is null ? AgentOutcome.Failed : AgentOutcome.Refused, reply.Error ?? "the answer has no token");
    }

    // As 'agentpki delegate' does: key, grant, enrolment (docs/delegation.md).
    private async Task<AgentAnswer> SpawnAsync(string child, string policy, string folder, CancellationToken cancellationToken)
    {
        var options = new EstClientOptions(setting.Pki, setting.Anchors, ClientCertificate: Self.Tls);
        var born = await DelegateCommand.BearAsync(options, [Self.Certificate], Self.Key, SpiffeId.Parse($"{setting.Id}/{child}"), AgentPolicyJson.TryParse(policy, out var parsed, out var error) ? parsed : throw new FormatException(error), clock, cancellationToken);
        await using var key = born.Key;
        born.Write(folder);
        return Say(AgentOutcome.Done, born.Certificate.SerialHex);
    }

    private async Task<AgentAnswer> BurstAsync(string action, string resource, int most, CancellationToken cancellationToken)
    {
        var (denied, last) = await _tools.BurstAsync(Self, _token, action, resource, most, cancellationToken);
        return denied == most
            ? new AgentAnswer(0, AgentOutcome.Failed, string.Create(CultureInfo.InvariantCulture, $"{denied} denials, and it may still ask; the last answer: {last.Text}"), last.At)
            : new AgentAnswer(0, last.Outcome, string.Create(CultureInfo.InvariantCulture, $"{denied} denials, then {last.Text}"), last.At);
    }

    private async Task<AgentAnswer> FollowAsync(string resource, CancellationToken cancellationToken)
    {
        (var begin, _follows) = await _tools.FollowAsync(Self, _token, resource, cancellationToken);
        return new AgentAnswer(0, begin.Outcome, begin.Text, begin.At);
    }

    private async Task<AgentAnswer> SvidAsync(CancellationToken cancellationToken)
    {
        _svids = await SvidStream.OpenAsync(setting.WorkloadSocket, cancellationToken);
        var first = await SvidAsync(_svids, cancellationToken);
        _svidsEnd = EndAsync(_svids, cancellationToken);
        return first;
    }

    private async Task<AgentAnswer> SvidAgainAsync(CancellationToken cancellationToken)
    {
        using var stream = await SvidStream.OpenAsync(setting.WorkloadSocket, cancellationToken);
        return await SvidAsync(stream, cancellationToken);
    }

    private async Task<AgentAnswer> SvidAsync(SvidStream stream, CancellationToken cancellationToken) => await stream.NextAsync(cancellationToken) is { Svids: [var svid, ..] }
        ? Say(AgentOutcome.Done, svid.SpiffeId)
        : Say(stream.Status == StatusCode.PermissionDenied ? AgentOutcome.Refused : AgentOutcome.Failed, stream.Status.ToString());

    private async Task<AgentAnswer> EndAsync(SvidStream stream, CancellationToken cancellationToken)
    {
        while (await stream.NextAsync(cancellationToken) is not null)
        {
            // Others' revocations: the CRL is another one.
        }

        return Say(stream.Status == StatusCode.PermissionDenied ? AgentOutcome.Refused : AgentOutcome.Failed, stream.Status.ToString());
    }

    private static async Task<AgentAnswer> SayAsync(Task<ToolReply> calling)
    {
        var reply = await calling;
        return new AgentAnswer(0, reply.Outcome, reply.Text, reply.At);
    }

    private AgentAnswer Say(AgentOutcome outcome, string text) => new(0, outcome, text, clock.GetTimestamp());
}
