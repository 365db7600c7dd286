using AgentPki.Server.Cli;
using AgentPki.Server.Demo.Cast;
using AgentPki.Server.Demo.Stage;

namespace AgentPki.Server.Demo;

/// <summary>The last act: the operator revokes the orchestrator, and it is measured how long the family is still let in where.</summary>
internal sealed class DemoRevocation(DemoPlace place, Operator person, DemoTeller teller, TimeProvider clock)
{
    private const string ToolService = "tool service";
    private const string OAuth = "OAuth";
    private const string Spiffe = "SPIFFE";
    private const string Enrolment = "re-enrolment";

    // The slow machines that this must not fail on.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <param name="suspended">Is out already, and must stay so.</param>
    internal async Task<IReadOnlyList<Measurement>> RevokeAsync(AgentProcess orchestrator, AgentProcess child, AgentProcess suspended, CancellationToken cancellationToken)
    {
        teller.Step("The operator revokes the orchestrator, and with it everything that it spawned");
        using var limit = new CancellationTokenSource(Limit, clock);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            string[] command = ["revoke", "--agent", orchestrator.Id.ToString(), "--with-descendants", "--reason", "keyCompromise"];
            var would = await person.TypeAsync([.. command, "--dry-run"]);
            teller.Came($"it would take {string.Join(", ", would.Split('\n').Take(2).Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries).Reverse())))}");
            teller.Typed(command);
            var (said, measured) = await MeasureAsync(command, [orchestrator, child], suspended, ending.Token);
            teller.Came(said.ReplaceLineEndings(" "));
            Show(measured, orchestrator, child, suspended);
            return measured;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandException(ExitCodes.CheckFailed, $"The story went otherwise: after {Limit.TotalSeconds:0} s some of the family are still let in somewhere.", "The logs say where.");
        }
    }

    private async Task<(string Said, List<Measurement> Measured)> MeasureAsync(string[] command, AgentProcess[] standing, AgentProcess suspended, CancellationToken cancellationToken)
    {
        await using var tools = AgentSelf.Load(place.FolderOf("tools"));
        var oauth = new OAuthCalls(place.Pki, MutualTls.Anchors(place.Home.RootCertificate));

        // Both are let in everywhere, and go on knocking while it happens.
        foreach (var agent in standing)
        {
            if (await oauth.IntrospectAsync(tools, agent.Token, cancellationToken) is { IsActive: false } dead)
            {
                throw new CommandException(ExitCodes.CheckFailed, $"The story went otherwise: the token of {agent.Name} is dead before anybody was revoked ({dead.Error}).", "The logs say more.");
            }
        }

        var knocking = standing.Select(a => a.AskAsync("until-out", cancellationToken, "read", DemoFiles.Customer)).ToList();
        var since = clock.GetTimestamp();
        var dying = standing.Select(UntilDeadAsync).ToList();
        var said = await person.RunAsync(command);

        AgentProcess[] all = [.. standing, suspended];
        Task<Measurement>[] measuring =
        [
            .. standing.Select(a => OutAsync(ToolService, "the open connection is cut", a, Ask(a, "cut"))),
            .. standing.Zip(knocking, (a, asking) => OutAsync(ToolService, "a new connection is refused", a, asking)),
            OutAsync(ToolService, "a new connection is refused", suspended, Ask(suspended, "until-out", "read", DemoFiles.Customer)),
            .. dying,
            .. all.Select(a => OutAsync(OAuth, "no new token", a, Ask(a, "token", DemoFiles.ReaderScope))),
            .. standing.Select(a => OutAsync(Spiffe, "the SVID stream ends", a, Ask(a, "svid-end"))),
            .. all.Select(a => OutAsync(Spiffe, "a new stream is refused", a, Ask(a, "svid-again"))),
            .. all.Select(a => OutAsync(Enrolment, "a renewal is refused", a, Ask(a, "renew"))),
        ];
        return (said, [.. await Task.WhenAll(measuring)]);

        Task<AgentAnswer> Ask(AgentProcess agent, string order, params string[] with) => agent.AskAsync(order, cancellationToken, with);

        async Task<Measurement> OutAsync(string where, string what, AgentProcess agent, Task<AgentAnswer> asking) => Measurement.Of(where, what, agent.Name, await asking, since, clock);

        // RFC 7662, asked by the tool service, which is good.
        async Task<Measurement> UntilDeadAsync(AgentProcess agent)
        {
            while (await oauth.IntrospectAsync(tools, agent.Token, cancellationToken) is var reply && (reply.IsActive || reply.Error is not null))
            {
                if (reply.Error is { } error)
                {
                    throw new CommandException(ExitCodes.CheckFailed, $"The story went otherwise: the tool service was refused at introspection ({error}).", "The logs say more.");
                }

                await Task.Delay(Pause, clock, cancellationToken);
            }

            return new Measurement(OAuth, "its token is dead at introspection", agent.Name, clock.GetElapsedTime(since));
        }
    }

    private void Show(IReadOnlyList<Measurement> measured, params IReadOnlyList<AgentProcess> agents)
    {
        teller.Came("out of everything; milliseconds from just before the operator's command was sent:");
        teller.Table(
            ["OUT OF", "WHAT", .. agents.Select(a => a.Name)],
            [
                .. measured.GroupBy(m => (m.Place, m.What)).Select(g => new[]
                {
                    g.Key.Place, g.Key.What,
                }.Concat(agents.Select(a => g.FirstOrDefault(m => m.Agent == a.Name) is { } m ? DemoTeller.Milliseconds(m.Took) : "before")).ToList()),
            ]);
    }
}
