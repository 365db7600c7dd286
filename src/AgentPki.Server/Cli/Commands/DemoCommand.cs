using System.CommandLine;
using System.Text.Json;
using AgentPki.Client.Decisions;
using AgentPki.Server.Demo;
using AgentPki.Server.Demo.Cast;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki demo</c>, and the processes of its story, which are this program too (hidden verbs).</summary>
internal static class DemoCommand
{
    internal static Command Create(CommandContext context)
    {
        var keep = new Option<bool>("--keep") { Description = "Leave its files, to be looked at." };
        var folder = new Option<string?>("--folder") { Description = "Where its files go: an empty folder, or one that is not there yet. Default: a new one among the temporary files." };
        return new Verb(
            "demo",
            "Tells a story with real processes: an orchestrator enrols, gets a token, spawns two children, works at a guarded service; one child tries more and is suspended by rule; the operator revokes the orchestrator, and within a second all three are out everywhere. It touches no home but its own.",
            "agentpki demo",
            "agentpki demo --keep --folder /tmp/story")
            .With(keep, folder, Agent(context), ToolServiceVerb(context))
            .Runs((parsed, cancellationToken) => new DemoRun(context, parsed.GetValue(folder), parsed.GetValue(keep)).RunAsync(cancellationToken));
    }

    private static Verb Agent(CommandContext context)
    {
        var id = new Option<string>("--id") { Description = "Its SPIFFE ID.", Required = true };
        var folder = new Option<string>("--folder") { Description = "Where its certificate and key lie.", Required = true };
        var pki = new Option<string>("--pki") { Description = "The appliance: https://host:port.", Required = true };
        var tools = new Option<string>("--tools") { Description = "The guard before the tool service: https://host:port.", Required = true };
        var anchors = new Option<string>("--anchors") { Description = "PEM file with the appliance's roots.", Required = true };
        var socket = new Option<string>("--workload-socket") { Description = "The SPIFFE Workload API's socket.", Required = true };
        var verb = new Verb(
            "agent",
            "An agent of the demo: does what it reads on its standard input.",
            "agentpki demo agent --id spiffe://agents.localhost/agent/a --folder a --pki https://localhost:8443 --tools https://localhost:9443 --anchors root.pem --workload-socket workload.sock")
            .With(id, folder, pki, tools, anchors, socket)
            .Runs(async (parsed, cancellationToken) =>
            {
                var setting = new AgentSetting(
                    IdOf(parsed.GetRequiredValue(id)), parsed.GetRequiredValue(folder), UrlOf(parsed.GetRequiredValue(pki)), UrlOf(parsed.GetRequiredValue(tools)), parsed.GetRequiredValue(socket), MutualTls.Anchors(parsed.GetRequiredValue(anchors)));
                using var orders = new StreamReader(Console.OpenStandardInput());
                await using var agent = new AgentActor(setting, orders, context.Terminal.RawOutput, context.Clock);
                await agent.RunAsync(cancellationToken);
                return ExitCodes.Success;
            });
        verb.Hidden = true;
        return verb;
    }

    private static Verb ToolServiceVerb(CommandContext context)
    {
        var folder = new Option<string>("--folder") { Description = "Where its certificate and key lie.", Required = true };
        var pki = new Option<string>("--pki") { Description = "The appliance: https://host:port.", Required = true };
        var anchors = new Option<string>("--anchors") { Description = "PEM file with the appliance's roots.", Required = true };
        var credential = new Option<string>("--credential") { Description = "File with name:secret for its enrolment, good for /guard/*.", Required = true };
        var receipts = new Option<string>("--receipts") { Description = "The file that receipts are kept in, one a line.", Required = true };
        var listen = new Option<int>("--listen") { Description = "The loopback port that the guard knows.", Required = true };
        var verb = new Verb(
            "tool-service",
            "The service of the demo, behind its guard: asks the appliance about every action.",
            "agentpki demo tool-service --folder tools --pki https://localhost:8443 --anchors root.pem --credential secret --receipts receipts.txt --listen 8000")
            .With(folder, pki, anchors, credential, receipts, listen)
            .Runs(async (parsed, cancellationToken) =>
            {
                var (server, trusted) = (UrlOf(parsed.GetRequiredValue(pki)), MutualTls.Anchors(parsed.GetRequiredValue(anchors)));
                var secret = (await File.ReadAllTextAsync(parsed.GetRequiredValue(credential), cancellationToken)).Trim();
                await using var self = await AgentSelf.EnrolAsync(parsed.GetRequiredValue(folder), server, trusted, IdOf($"spiffe://{Home.DefaultConfiguration.TrustDomain}/guard/tools"), secret, context.Clock, cancellationToken);
                using var decisions = new DecisionClient(new DecisionClientOptions(server, trusted, self.Tls, await ReceiptIssuerAsync(server, trusted, cancellationToken)) { WantsReceipt = true }, null, context.Clock);
                await using var service = new ToolService(decisions, parsed.GetRequiredValue(receipts));
                await service.StartAsync(parsed.GetValue(listen), cancellationToken);
                context.Terminal.Line($"Serving as {self.Id}.");
                await Waiting.UntilCancelledAsync(cancellationToken);
                return ExitCodes.Success;
            });
        verb.Hidden = true;
        return verb;
    }

    /// <summary>How the appliance calls itself in receipts (docs/decisions.md).</summary>
    private static async Task<string> ReceiptIssuerAsync(Uri pki, IReadOnlyList<Certificate> anchors, CancellationToken cancellationToken)
    {
        using var http = MutualTls.Client(pki, anchors, null);
        using var metadata = JsonDocument.Parse(await http.GetByteArrayAsync(new Uri("/.well-known/authzen-configuration", UriKind.Relative), cancellationToken));
        return metadata.RootElement.GetProperty("decision_receipt_issuer").GetString() ?? "";
    }

    private static SpiffeId IdOf(string text) => SpiffeId.TryParse(text, out var id, out var error) ? id : throw new CommandException(ExitCodes.Usage, $"{text} is no SPIFFE ID: {error}.", "Write it like spiffe://agents.localhost/agent/a.");

    private static Uri UrlOf(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttps ? url : throw new CommandException(ExitCodes.Usage, $"'{text}' is no https:// address.", "Write it like https://localhost:8443.");
}
