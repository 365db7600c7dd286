using AgentPki.Agents;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Enrollment;

/// <summary>Who sent a request, after it was checked: the actor of the ledger, and what his rights derive from.</summary>
internal abstract record AuthenticatedRequester(string Actor)
{
    public sealed record Nobody() : AuthenticatedRequester(AuditTrail.Stranger);

    public sealed record ByCredential(EnrollmentCredential Credential) : AuthenticatedRequester($"credential:{Credential.Name}");

    /// <param name="Stored">The same certificate as the store has it.</param>
    /// <param name="Agent">Whose it is.</param>
    public sealed record ByCertificate(Certificate Certificate, CertificateRecord Stored, AgentRecord Agent) : AuthenticatedRequester($"agent:{Agent.Id}");

    public sealed record ByAcmeOrder(Requester.AcmeOrder Order) : AuthenticatedRequester(AcmeAccounts.ActorOf(Order.Account));

    /// <summary>The entry is the authority: whoever wrote it said that such a process is this agent.</summary>
    public sealed record ByEntry(Spiffe.WorkloadEntry Entry) : AuthenticatedRequester(Entry.Actor);

    public sealed record ByAdministrator(string Name) : AuthenticatedRequester(Name);

    /// <summary>Who will answer for an agent that this requester enrols; null when only an approval can tell.</summary>
    public string? Owner => this switch
    {
        ByCredential by => by.Credential.Owner,
        ByCertificate by => by.Agent.Owner,
        ByAcmeOrder by => by.Order.Account.Owner,
        ByEntry by => by.Entry.Owner,
        ByAdministrator by => by.Name,
        _ => null,
    };
}
