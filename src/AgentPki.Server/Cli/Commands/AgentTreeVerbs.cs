using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentPki.Agents;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki agent tree|limit|lift</c>: agents with what is below them.</summary>
internal static class AgentTreeVerbs
{
    private const int ScopesShown = 2;
    private const string StandardInput = "-";
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static Symbol[] Create(CommandContext context)
    {
        var id = new Argument<string>("id") { Description = "Its SPIFFE ID." };
        var from = new Argument<string?>("id") { Description = "From this SPIFFE ID down; without it: all families.", Arity = ArgumentArity.ZeroOrOne };
        var generations = new Option<int>("--generations") { Description = "How many below it.", DefaultValueFactory = _ => 64 };
        var limit = new Option<int>("--limit") { Description = "At most so many agents.", DefaultValueFactory = _ => 200 };
        var after = new Option<string?>("--after") { Description = "Only children of it (without an id: families) that came after this SPIFFE ID." };
        var json = new Option<bool>("--json") { Description = "The admin API's answer as it is." };
        var file = new Option<string?>("--file", "-f") { Description = "A YAML file with members of a policy (docs/agent-policy.md); '-' reads standard input." };
        var scopes = new Option<string[]>("--scope") { Description = "It may do these alone: action:resource, each within one that it has; may be repeated." };
        var depth = new Option<int?>("--depth") { Description = "Generations that it may have below itself; 0: it makes no more children, and neither do those it has." };
        var until = new Option<string?>("--until") { Description = "It may act until then: 2027-01-31T12:00:00Z." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what it would do, and do nothing." };
        return
        [
            new Verb("tree", "Shows an agent and everything below it, or all families: what they may do within what those above them may, and their certificates.", "agentpki agent tree", "agentpki agent tree spiffe://agents.localhost/agent/boss --generations 1", "agentpki agent tree spiffe://agents.localhost/agent/boss --json")
                .With(from, generations, limit, after, json)
                .Asks(context, (admin, parsed, token) => TreeAsync(
                    context, admin, parsed.GetValue(from), string.Create(CultureInfo.InvariantCulture, $"agents/tree?generations={parsed.GetValue(generations)}&limit={parsed.GetValue(limit)}{Query("id", parsed.GetValue(from))}{Query("after", parsed.GetValue(after))}"), parsed.GetValue(json), token)),
            new Verb("limit", "Takes something away from an agent and from everything below it, at once for what is decided here. A limit never widens, and holds for whatever the agent is granted later.", "agentpki agent limit spiffe://agents.localhost/agent/boss --scope 'read:crm/**' --depth 0", "agentpki agent limit spiffe://agents.localhost/agent/boss -f limits.yaml --dry-run")
                .With(id, file, scopes, depth, until, dryRun)
                .Asks(context, async (admin, parsed, token) => await LimitAsync(
                    context, admin, await ReadAsync(context, parsed.GetRequiredValue(id), parsed.GetValue(file), parsed.GetValue(scopes) ?? [], parsed.GetValue(depth), parsed.GetValue(until), parsed.GetValue(dryRun), token), token)),
            new Verb("lift", "Lets an agent that was limited be given more again, by its parent's grants or by 'agentpki agent apply'; what it has stays as it is. A second person approves it.", "agentpki agent lift spiffe://agents.localhost/agent/boss --as alice.pem")
                .With(id)
                .Asks(context, async (admin, parsed, token) =>
                {
                    var agent = await admin.PostAsync("agents/lift", new LiftLimitsCommand(parsed.GetRequiredValue(id)), AdminJson.Default.LiftLimitsCommand, AdminJson.Default.AgentView, token);
                    context.Terminal.Line($"{agent.Id} is not limited any more, and has what it had until it is given more.");
                    return ExitCodes.Success;
                }),
        ];
    }

    private static async Task<int> TreeAsync(CommandContext context, AdminConnection admin, string? from, string query, bool json, CancellationToken cancellationToken)
    {
        var page = await admin.GetAsync(query, AdminJson.Default.AgentTreeView, cancellationToken);
        if (json)
        {
            context.Terminal.Raw(JsonSerializer.Serialize(page, AdminJson.Default.AgentTreeView));
            return ExitCodes.Success;
        }

        foreach (var line in Lines(page))
        {
            context.Terminal.Raw(line);
        }

        if (page.Agents.Count == 0)
        {
            context.Terminal.Line("No agent has children.");
        }

        if (from is null && page.More > 0)
        {
            var last = page.Agents.LastOrDefault(a => a.Generation == 0)?.Id;
            context.Terminal.Raw($"… and {More(page.More, "family", "families")}: agentpki agent tree --after {last}");
        }

        return ExitCodes.Success;
    }

    /// <summary>One line for each agent, indented by generation; after those of its children that are on the page, one that says how many are not.</summary>
    internal static IEnumerable<string> Lines(AgentTreeView page)
    {
        var open = new Stack<AgentNodeView>();
        var lastChild = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var agent in page.Agents)
        {
            while (open.TryPeek(out var above) && above.Generation >= agent.Generation)
            {
                foreach (var line in Rest(open.Pop(), lastChild))
                {
                    yield return line;
                }
            }

            if (open.TryPeek(out var parent))
            {
                lastChild[parent.Id] = agent.Id;
            }

            yield return $"{Indent(agent.Generation)}{agent.Id}  {Describe(agent)}";
            open.Push(agent);
        }

        while (open.TryPop(out var above))
        {
            foreach (var line in Rest(above, lastChild))
            {
                yield return line;
            }
        }
    }

    private static IEnumerable<string> Rest(AgentNodeView agent, Dictionary<string, string> lastChild)
    {
        if (agent.More > 0)
        {
            var after = lastChild.TryGetValue(agent.Id, out var last) ? $" --after {last}" : "";
            yield return $"{Indent(agent.Generation + 1)}… and {More(agent.More, "child", "children")}: agentpki agent tree {agent.Id}{after}";
        }
    }

    private static string Describe(AgentNodeView agent) => string.Join(", ", new[]
    {
        $"{agent.State.ToString().ToLowerInvariant()}{(agent.State == AgentState.Active && agent.BelowSuspended ? " beneath one that is not" : "")}",
        agent.Limited ? "limited" : null,
        agent.Problem is null ? null : "may do nothing: its bounds have nothing in common",
        agent.Scopes is { } scopes ? scopes.Count == 0 ? "no scopes" : string.Join(' ', scopes.Take(ScopesShown)) + (scopes.Count > ScopesShown ? string.Create(CultureInfo.InvariantCulture, $" +{scopes.Count - ScopesShown}") : "") : agent.Problem is null ? "no policy" : null,
        agent.DepthLeft is { } depth ? string.Create(CultureInfo.InvariantCulture, $"depth {depth}") : null,
        agent.NotAfter is { } end ? $"until {Output.Time(end)}" : null,
        agent.MaximumLifetime is { } seconds ? string.Create(CultureInfo.InvariantCulture, $"certificates of {seconds} s") : null,
        Certificates(agent),
    }.OfType<string>());

    private static string Certificates(AgentNodeView agent)
    {
        var counts = string.Join(", ", new[] { (agent.Good, "good"), (agent.Held, "held"), (agent.Revoked, "revoked") }.Where(c => c.Item1 > 0).Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Item1} {c.Item2}")));
        return counts.Length == 0 ? "no certificates" : counts;
    }

    private static async Task<LimitAgentsCommand> ReadAsync(CommandContext context, string id, string? file, string[] scopes, int? depth, string? until, bool dryRun, CancellationToken cancellationToken)
    {
        var isStated = scopes.Length > 0 || depth is not null || until is not null;
        if (isStated == file is not null)
        {
            throw new CommandException(ExitCodes.Usage, "It is not said what to limit.", "Give -f FILE, or any of --scope, --depth and --until; not both.");
        }

        if (file is not null)
        {
            return file == StandardInput
                ? new LimitAgentsCommand(id, await Console.In.ReadToEndAsync(cancellationToken), "stdin", dryRun)
                : new LimitAgentsCommand(id, AdminCommand.ReadText(context, file), Path.GetFileName(file), dryRun);
        }

        // JSON is YAML.
        var stated = new JsonObject();
        if (scopes.Length > 0)
        {
            stated["scopes"] = new JsonArray([.. scopes.Select(s => JsonValue.Create(s))]);
        }

        if (depth is { } generations)
        {
            stated["delegation_depth"] = generations;
        }

        if (until is not null)
        {
            stated["not_after"] = until;
        }

        return new LimitAgentsCommand(id, stated.ToJsonString(Relaxed), null, dryRun);
    }

    private static async Task<int> LimitAsync(CommandContext context, AdminConnection admin, LimitAgentsCommand command, CancellationToken cancellationToken)
    {
        var limited = await admin.PostAsync("agents/limit", command, AdminJson.Default.LimitAgentsCommand, AdminJson.Default.AgentsLimitedView, cancellationToken);
        foreach (var change in limited.Changes)
        {
            context.Terminal.Line($"{change.Field}: {change.From ?? "-"} → {change.To ?? "-"}");
        }

        context.Terminal.Line($"{limited.Id} {(limited.DryRun ? "would be" : "is")} limited{(limited.Below > 0 ? $", and {AgentRegistryVerbs.Count(limited.Below)} below it" : "")}{(limited.Changes.Count == 0 ? "; it has no more than that already" : "")}.");
        if (limited.DryRun && limited.SecondPerson)
        {
            context.Terminal.Line("A second person is wanted for it.");
        }

        if (limited is { Certificates: > 0, Changes.Count: > 0 })
        {
            context.Terminal.Line($"Good certificates of them: {limited.Certificates}, which say until they end what they said before. What is decided here heeds the limit at once; 'agentpki revoke --agent {limited.Id} --with-descendants --reason certificateHold' takes them from whoever goes by certificates alone.");
        }

        return ExitCodes.Success;
    }

    private static string Query(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";

    private static string Indent(int generation) => new(' ', 2 * generation);

    private static string More(long count, string one, string several) => string.Create(CultureInfo.InvariantCulture, $"{count} more {(count == 1 ? one : several)}");
}
