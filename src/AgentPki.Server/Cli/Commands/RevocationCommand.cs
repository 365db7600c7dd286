using System.CommandLine;
using System.Globalization;
using System.Threading.Channels;
using AgentPki.Authority.Store;
using AgentPki.Client.Revocation;
using AgentPki.Ledger.Revocations;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki revocation follow</c>: the feed as a relying party sees it, for people.</summary>
internal static class RevocationCommand
{
    internal static Command Create(CommandContext context)
    {
        var url = new Option<string?>("--url") { Description = "The appliance, for example http://pki.example.org:8080; without it, this home's." };
        var anchors = new Option<string?>("--ca") { Description = "A PEM file with the root certificates to trust; without it, this home's." };
        var heartbeats = new Option<bool>("--heartbeats") { Description = "Show heartbeats too." };
        var once = new Option<bool>("--once") { Description = "End when everything up to now was heard." };
        return new Verb("revocation", "What relying parties are told of revocations.", "agentpki revocation follow")
            .With(new Verb(
                "follow",
                "Follows the revocation feed, verifies every statement, and prints what it says until it is interrupted.",
                "agentpki revocation follow",
                "agentpki revocation follow --url http://localhost:8080 --ca .agentpki/anchors/root.pem --once")
                .With(url, anchors, heartbeats, once)
                .Runs((parsed, cancellationToken) => RunAsync(
                    context, OptionsOf(context, parsed.GetValue(url), parsed.GetValue(anchors)), parsed.GetValue(heartbeats), parsed.GetValue(once), cancellationToken)));
    }

    private static RevocationFollowerOptions OptionsOf(CommandContext context, string? url, string? anchors)
    {
        var home = context.Home();
        var server = url ?? string.Create(CultureInfo.InvariantCulture, $"http://localhost:{ConfigurationReader.Load(home, context.Variable).Listen.HttpPort}");
        if (!Uri.TryCreate(server, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            throw new CommandException(ExitCodes.Usage, $"--url: '{server}' is not an http:// or https:// URL.", "Name the appliance, for example http://pki.example.org:8080.");
        }

        var file = anchors ?? home.RootCertificate;
        return Pem.TryReadCertificates(file) is { } roots
            ? new RevocationFollowerOptions(address, [.. roots.Where(c => c.IsSelfIssued)])
            : throw new CommandException(ExitCodes.Usage, $"The file {file} holds no certificates.", "Name a PEM file with the appliance's root: --ca FILE.");
    }

    private static async Task<int> RunAsync(CommandContext context, RevocationFollowerOptions options, bool heartbeats, bool once, CancellationToken cancellationToken)
    {
        var heard = Channel.CreateUnbounded<RevocationStatement>();
        await using var follower = new RevocationFollower(options, context.Clock);
        follower.Taken += (_, taken) => heard.Writer.TryWrite(taken.Statement);
        string? told = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            while (heard.Reader.TryRead(out var statement))
            {
                foreach (var line in Describe(statement, heartbeats, context.Clock.GetUtcNow()))
                {
                    context.Terminal.Line(line);
                }

                if (once && statement is HeartbeatStatement && !follower.View.IsStale)
                {
                    context.Terminal.Line($"Current as of event {statement.Sequence}.");
                    return ExitCodes.Success;
                }
            }

            if (follower.Problem is { } problem && problem != told)
            {
                context.Terminal.Warn($"{problem}{(follower.View.IsStale ? "; nothing is known for good now" : "")}.");
            }

            told = follower.Problem;
            await Task.WhenAny(heard.Reader.WaitToReadAsync(cancellationToken).AsTask(), Task.Delay(TimeSpan.FromMilliseconds(500), context.Clock, cancellationToken));
        }

        return ExitCodes.Interrupted;
    }

    private static IEnumerable<string> Describe(RevocationStatement statement, bool heartbeats, DateTimeOffset now)
    {
        var time = statement.Signed.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        switch (statement)
        {
            case SnapshotStatement snapshot:
                yield return string.Create(CultureInfo.InvariantCulture, $"{time}  snapshot   as of event {snapshot.Sequence}: {snapshot.Set.Commitment.Count} certificates are revoked or held");
                break;
            case HeartbeatStatement when heartbeats:
                yield return string.Create(CultureInfo.InvariantCulture, $"{time}  heartbeat  nothing after event {statement.Sequence}");
                break;
            case RevocationEventStatement happened:
                var what = happened.IsRelease ? "released" : happened.IsHold ? "held" : "revoked";
                yield return string.Create(
                    CultureInfo.InvariantCulture, $"{time}  {what,-9}  event {happened.Sequence}, {(RevocationReason)happened.Reason}: {happened.Count} certificates; here {(now - happened.Time).TotalMilliseconds:F0} ms after it was decided");
                foreach (var certificate in happened.Certificates)
                {
                    yield return $"             serial {Convert.ToHexStringLower(certificate.Serial.Span)} of the CA with key {Convert.ToHexStringLower(happened.Authorities[certificate.Authority].Span)}";
                }

                break;
            default:
                break;
        }
    }
}
