using System.Text;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;

namespace AgentPki.Protocols.Admin;

/// <summary>
/// Runs what a second person approved: once, exactly as it was asked for, as whoever asked, if both of them still may. That it has begun is on disk before it begins:
/// what was killed in between is not begun again.
/// </summary>
internal static class AdminExecution
{
    /// <summary>The operation of a request; null: this build has none of that name any more.</summary>
    public static AdminOperation? Find(AdminRequestRecord record) => AdminEndpoints.Operations.FirstOrDefault(o => o.Id == record.Operation && o.Method == record.Method);

    /// <summary>After a start: what was approved and not begun is run or refused; what had begun is closed, with what the ledger knows of it.</summary>
    public static async ValueTask ResumeAsync(AdminServices services, CancellationToken cancellationToken)
    {
        foreach (var record in await services.Authority.AdminRequests.ListUnfinishedAsync(cancellationToken))
        {
            if (record.State == AdminRequestState.Running)
            {
                if (services.Begun.ContainsKey(record.Id))
                {
                    continue; // it runs: here, and now
                }

                var entries = await EntriesOfAsync(services, record, cancellationToken);
                var outcome = entries.Count == 0
                    ? "the appliance ended when it had just begun: nothing of it is in the ledger"
                    : $"the appliance ended while it ran: the ledger's entries {string.Join(", ", entries)} are what was done of it";
                await services.Authority.AdminRequests.FinishAsync(record, AdminRequestState.Running, AdminRequestState.Interrupted, ActorOf(record), outcome);
                Log.Interrupted(services.Logger, record.Id, record.Operation, outcome);
            }
            else
            {
                await RunAsync(services, record);
            }
        }
    }

    /// <summary>Runs an approved request, or refuses it for good.</summary>
    public static async ValueTask RunAsync(AdminServices services, AdminRequestRecord record)
    {
        if (!services.Begun.TryAdd(record.Id, true))
        {
            return; // somebody else here has begun it
        }

        try
        {
            await RunCoreAsync(services, record);
        }
        finally
        {
            services.Begun.TryRemove(record.Id, out _);
        }
    }

    private static async ValueTask RunCoreAsync(AdminServices services, AdminRequestRecord record)
    {
        var requests = services.Authority.AdminRequests;
        var prepared = await PrepareAsync(services, record);
        if (prepared is Outcome<(AdminOperation, AdminCall)>.Refused(var problem))
        {
            await requests.FinishAsync(record, AdminRequestState.Approved, AdminRequestState.Refused, ActorOf(record), problem.Detail);
            return;
        }

        var (operation, call) = ((Outcome<(AdminOperation, AdminCall)>.Done)prepared).Value;
        if (!await requests.BeginAsync(record.Id))
        {
            return; // somebody else has begun it
        }

        Log.Executing(services.Logger, record.Id, record.Operation, call.Actor);
        var (state, outcome) = await TryAsync(operation, call, record);
        await requests.FinishAsync(record, AdminRequestState.Running, state, call.Actor, outcome);
    }

    private static async ValueTask<(AdminRequestState State, string Outcome)> TryAsync(AdminOperation operation, AdminCall call, AdminRequestRecord record)
    {
        try
        {
            // What is begun is finished, whether or not somebody still waits for the answer.
            return await operation.Run(call, record.Body, CancellationToken.None) switch
            {
                Outcome<byte[]>.Done(var answer) => (AdminRequestState.Done, Encoding.UTF8.GetString(answer)),
                Outcome<byte[]>.Refused(var problem) => (AdminRequestState.Failed, problem.Detail),
                _ => throw new InvalidOperationException(),
            };
        }
        catch (Exception failure) when (failure is not StoreUnavailableException) // Or the request would stay begun until the next start.
        {
            Log.ExecutionFailed(call.Services.Logger, record.Id, record.Operation, failure);
            return (AdminRequestState.Failed, "it failed in a way that was not foreseen; the log has more");
        }
    }

    private static async ValueTask<Outcome<(AdminOperation Operation, AdminCall Call)>> PrepareAsync(AdminServices services, AdminRequestRecord record)
    {
        if (Find(record) is not { } operation || !AdminTarget.TryParse(record.Target, operation.Path, out var target))
        {
            return Refuse($"this build has no operation {record.Operation} for it");
        }

        if (services.Time.GetUtcNow() > record.NotAfter)
        {
            return Refuse("its time was over before it was begun");
        }

        var authenticator = services.Authority.Administrators;
        if (record.DecidedBy is not { } approver || await authenticator.RefreshAsync(approver, CancellationToken.None) is not Outcome<AdminCaller>.Done(var second) || !second.Roles.Any(operation.Access.Approvers.Contains))
        {
            return Refuse("whoever approved it may not any more");
        }

        AdminCaller first;
        if (record.Requester.Credential is null && services.IsDevelopment)
        {
            // By the socket, which knows nobody's name: whoever may open it may everything there.
            first = AdminCaller.Socket(record.Requester.Name);
        }
        else if (await authenticator.RefreshAsync(record.Requester, CancellationToken.None) is Outcome<AdminCaller>.Done(var known))
        {
            first = known;
        }
        else
        {
            return Refuse("whoever asked for it may not any more");
        }

        return operation.Access.WhyNot(first) is null
            ? new Outcome<(AdminOperation, AdminCall)>.Done((operation, new AdminCall(services, target, first, ActorOf(record), operation.Access.OwnersOf(first), record.Id) { Approver = approver.Name }))
            : Refuse("whoever asked for it may not any more");
    }

    private static Outcome<(AdminOperation, AdminCall)> Refuse(string why) => new Outcome<(AdminOperation, AdminCall)>.Refused(new PkiProblem(PkiProblemKind.Unauthorized, why));

    private static string ActorOf(AdminRequestRecord record) => Actors.Both(record.Requester.Name, record.DecidedBy?.Name ?? "nobody");

    /// <summary>The entries that say they belong to a request, as far as it itself can have made them.</summary>
    private static async ValueTask<IReadOnlyList<long>> EntriesOfAsync(AdminServices services, AdminRequestRecord record, CancellationToken cancellationToken)
    {
        var found = new List<long>();
        await foreach (var entry in services.Authority.Stores.Ledger.ReadAsync(0, cancellationToken))
        {
            if (entry.Leaf.Kind is not (Ledger.LedgerEntryKind.AdminRequestMade or Ledger.LedgerEntryKind.AdminRequestDecided)
                && entry.Details?.Facts is { } facts && (facts.GetValueOrDefault(Authority.Audit.AuditDetails.Correlation) == record.Id || facts.GetValueOrDefault(Authority.Audit.AuditDetails.Request) == record.Id))
            {
                found.Add(entry.Leaf.Index);
            }
        }

        return found;
    }
}
