using System.Diagnostics;
using System.Security.Cryptography;
using AgentPki.Agents.Behaviour;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Enrollment;

/// <summary>
/// Hop 3: who may have which certificate. Every enrolment protocol joins here; every refusal, whatever its reason, is recorded before it
/// is answered.
/// </summary>
public sealed class RegistrationAuthority
{
    private readonly RequesterAuthenticator _authenticator;
    private readonly EnrollmentPolicy _policy;
    private readonly CertificateAuthority _authority;
    private readonly IssuerDirectory _issuers;
    private readonly ProfileCatalog _profiles;
    private readonly CampaignDirectory _campaigns;
    private readonly AuditTrail _audit;
    private readonly BehaviourQueue _behaviour;
    private readonly AuthorityOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal RegistrationAuthority(
        RequesterAuthenticator authenticator,
        EnrollmentPolicy policy,
        CertificateAuthority authority,
        IssuerDirectory issuers,
        ProfileCatalog profiles,
        CampaignDirectory campaigns,
        AuditTrail audit,
        BehaviourQueue behaviour,
        AuthorityOptions options,
        TimeProvider time,
        ILogger<RegistrationAuthority> logger) =>
        (_authenticator, _policy, _authority, _issuers, _profiles, _campaigns, _audit, _behaviour, _options, _time, _logger) = (authenticator, policy, authority, issuers, profiles, campaigns, audit, behaviour, options, time, logger);

    /// <summary>Decides a request and, if it may be, issues. Never throws for what a client, the token or the store does.</summary>
    /// <param name="cancellationToken">Heeded until the signature begins.</param>
    /// <exception cref="OperationCanceledException">The caller went away before the signature began; nothing was issued.</exception>
    public async ValueTask<EnrollmentOutcome> EnrollAsync(EnrollmentRequest request, CancellationToken cancellationToken)
    {
        AuthenticatedRequester who = new AuthenticatedRequester.Nobody();
        EnrollmentDecision? decision = null;
        try
        {
            (who, var problem) = await _authenticator.AuthenticateAsync(request.Requester, cancellationToken);
            decision = problem is null ? await _policy.DecideAsync(request, who, cancellationToken) : new EnrollmentDecision.Refused(problem);
            return decision switch
            {
                EnrollmentDecision.Approved(var enrollment, var key) => await IssueAsync(request, who, enrollment, key, cancellationToken),
                EnrollmentDecision.Parked(var id) => new EnrollmentOutcome.Pending(id, _options.ApprovalRetryAfter),
                EnrollmentDecision.Refused refused => await RefuseAsync(request, who, refused.Problem, refused.Profile, refused.Agent, cancellationToken, refused.Note),
                _ => throw new UnreachableException(),
            };
        }
        catch (Exception failure) when (failure is KeyUnavailableException or StoreUnavailableException)
        {
            Log.Unavailable(_logger, request.CorrelationId, failure);
            var enrollment = (decision as EnrollmentDecision.Approved)?.Enrollment;
            return await RefuseAsync(request, who, Unavailable(failure), enrollment?.Profile.Name, enrollment?.Agent?.Id, CancellationToken.None);
        }
    }

    /// <summary>
    /// What a label's profile is for whoever asks: the profile itself, or what a campaign makes of it for the agent of a client certificate or for the
    /// credential. Who cannot be authenticated gets the profile as it is. Null: no profile for agents has that label.
    /// </summary>
    /// <exception cref="StoreUnavailableException">A campaign is in force and the store cannot be read.</exception>
    public async ValueTask<CertificateProfile?> ProfileForAsync(Requester requester, string? label, CancellationToken cancellationToken)
    {
        if (_profiles.FindByLabel(label) is not { Use: ProfileUse.Agent } profile)
        {
            return null;
        }

        if (_campaigns.InForce.IsEmpty || requester is Requester.Stranger)
        {
            return profile;
        }

        return await _authenticator.AuthenticateAsync(requester, cancellationToken) switch
        {
            (AuthenticatedRequester.ByCertificate by, null) => (await _campaigns.SeatsOfAsync(by.Agent.Id, cancellationToken)).Resolve(profile).Profile,
            (AuthenticatedRequester.ByCredential by, null) => _campaigns.ForNewcomer(profile, by.Credential.Owner, by.Credential.Name),
            (AuthenticatedRequester.ByEntry by, null) => (await _campaigns.SeatsOfAsync(by.Entry.Id, cancellationToken)).Resolve(profile).Profile,
            _ => profile,
        };
    }

    /// <summary>
    /// Records a refusal that a protocol made itself, before there was an <see cref="EnrollmentRequest"/> (garbage instead of a request, a wrong media
    /// type): under the requester's name when he proves to be who he says, else among the strangers'.
    /// </summary>
    public async ValueTask RefuseAsync(Requester requester, PkiProblem problem, string protocol, string correlationId, CancellationToken cancellationToken)
    {
        AuthenticatedRequester who = new AuthenticatedRequester.Nobody();
        try
        {
            (who, _) = await _authenticator.AuthenticateAsync(requester, cancellationToken);
        }
        catch (StoreUnavailableException failure)
        {
            Log.Unavailable(_logger, correlationId, failure);
        }

        await _audit.RefuseAsync(new Refusal(who.Actor, problem, protocol, correlationId), cancellationToken);
    }

    private async ValueTask<EnrollmentOutcome> IssueAsync(EnrollmentRequest request, AuthenticatedRequester who, ApprovedEnrollment enrollment, byte[]? key, CancellationToken cancellationToken)
    {
        Certificate? issued = null;
        try
        {
            switch (await _authority.IssueAsync(enrollment, cancellationToken))
            {
                case Outcome<Certificate>.Done(var certificate):
                    issued = certificate;
                    if (enrollment.Agent is { } agent)
                    {
                        _behaviour.Publish(new BehaviourEvent(_time.GetUtcNow(), agent.Id, BehaviourKind.Enrolled) { Owner = agent.Owner, Parent = agent.Parent });
                    }

                    return new EnrollmentOutcome.Issued(certificate, _issuers.IssuerFor(enrollment.Profile)?.Chain ?? [], key);
                case Outcome<Certificate>.Refused(var problem):
                    return await RefuseAsync(request, who, problem, enrollment.Profile.Name, enrollment.Agent?.Id, CancellationToken.None);
                default:
                    throw new UnreachableException();
            }
        }
        finally
        {
            if (issued is null && key is not null)
            {
                CryptographicOperations.ZeroMemory(key);
            }
        }
    }

    private async ValueTask<EnrollmentOutcome> RefuseAsync(EnrollmentRequest request, AuthenticatedRequester who, PkiProblem problem, string? profile, string? agent, CancellationToken cancellationToken, Store.StoreChange? note = null)
    {
        await _audit.RefuseAsync(new Refusal(who.Actor, problem, request.Protocol, request.CorrelationId, profile, agent) { Note = note }, cancellationToken);
        return new EnrollmentOutcome.Rejected(problem);
    }

    private static PkiProblem Unavailable(Exception failure) => failure is KeyUnavailableException token
        ? new PkiProblem(PkiProblemKind.Unavailable, "the token that keeps the CA's key cannot sign now; nothing was issued", token.RetryAfter)
        : failure is StoreUnavailableException { IsForGood: true } ? new PkiProblem(PkiProblemKind.Unavailable, "this appliance was restored on another machine, which answers in its place; nothing was issued, and nothing is any more", TimeSpan.FromMinutes(5))
        : new PkiProblem(PkiProblemKind.Unavailable, "the store cannot work now; nothing was issued", TimeSpan.FromSeconds(5));
}
