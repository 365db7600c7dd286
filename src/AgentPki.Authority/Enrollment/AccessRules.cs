using AgentPki.Agents;
using AgentPki.Authority.Delegation;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;

namespace AgentPki.Authority.Enrollment;

/// <summary>Which profile a requester may have, and for which agent. What no rule allows is refused (invariant 9).</summary>
internal static class AccessRules
{
    /// <summary>The profile, and what speaks against this requester having it.</summary>
    /// <param name="seats">Of the agent whose certificate asks: a campaign may have given the label another profile for it.</param>
    public static CertificateProfile? FindProfile(EnrollmentRequest request, AuthenticatedRequester who, ProfileCatalog profiles, CampaignSeats seats, out PkiProblem? problem)
    {
        var named = profiles.FindByLabel(request.Label);
        if (named is null || named.Use != ProfileUse.Agent)
        {
            problem = new PkiProblem(PkiProblemKind.UnknownProfile, "there is no profile of that label");
            return null;
        }

        if (request.Kind != EnrollmentKind.Renew)
        {
            problem = CheckEnrollment(request.Kind, who, named);
            return named;
        }

        if (who is not AuthenticatedRequester.ByCertificate by)
        {
            problem = new PkiProblem(PkiProblemKind.Unauthenticated, "a renewal is authenticated by the certificate that is renewed (RFC 7030 §4.2.2)");
            return null;
        }

        // Without a label: the profile it has. With another one's label: that would be a way around that profile's own rules.
        var current = profiles.Find(by.Stored.Profile);
        problem = current switch
        {
            null => new PkiProblem(PkiProblemKind.UnknownProfile, $"profile '{by.Stored.Profile}' of the certificate does not exist any more; enrol again"),
            _ when !string.IsNullOrEmpty(request.Label) && named != current && seats.Resolve(named).Profile.Name != seats.Resolve(current).Profile.Name => new PkiProblem(PkiProblemKind.PolicyViolation, $"the certificate is of profile '{current.Name}'; renew it there, or enrol for '{named.Name}'"),
            { Authentication.Certificate: CertificateAuthentication.None } => new PkiProblem(PkiProblemKind.Unauthorized, $"certificates of profile '{current.Name}' are not renewed"),
            _ => null,
        };
        return current;
    }

    /// <summary>Whether this requester may speak for that agent; null when it may.</summary>
    /// <param name="agent">What is known of the agent; null when nothing is.</param>
    /// <param name="isGranted">Whether it is the requester's child, by a grant that was not used yet.</param>
    public static PkiProblem? CheckAgent(AuthenticatedRequester who, string agentId, AgentRecord? agent, CertificateProfile profile, bool isGranted)
    {
        if (who is AuthenticatedRequester.ByCertificate by && by.Agent.Id != agentId)
        {
            if (profile.Authentication.Certificate != CertificateAuthentication.Spawn)
            {
                return new PkiProblem(PkiProblemKind.Unauthorized, "with its certificate an agent enrols itself only; another agent needs a credential");
            }

            // A new name may be given; an existing one would be taken, unless it was made for this.
            if (agent is null && ChildEnrollment.WhyNotSpawn(by) is { } limited)
            {
                return limited;
            }

            if (agent is not null && !isGranted)
            {
                return new PkiProblem(PkiProblemKind.Unauthorized, "the name belongs to an agent that exists already");
            }
        }

        if (who is AuthenticatedRequester.ByEntry entry && entry.Entry.Id != agentId)
        {
            return new PkiProblem(PkiProblemKind.Unauthorized, "an entry gives the one identity that it names");
        }

        if (who.Owner is { } owner)
        {
            return AgentRules.WhyNotIssuable(agent, owner) is { } reason ? new PkiProblem(PkiProblemKind.Unauthorized, reason) : null;
        }

        return agent is { State: not AgentState.Active } ? new PkiProblem(PkiProblemKind.Unauthorized, "the agent is suspended or retired") : null;
    }

    private static PkiProblem? CheckEnrollment(EnrollmentKind kind, AuthenticatedRequester who, CertificateProfile profile)
    {
        var rule = profile.Authentication;
        if (kind == EnrollmentKind.ServerKeygen && !profile.ServerKeyGeneration)
        {
            return new PkiProblem(PkiProblemKind.PolicyViolation, $"profile '{profile.Name}' has no server-side key generation");
        }

        return who switch
        {
            AuthenticatedRequester.Nobody when !rule.Stranger => new PkiProblem(PkiProblemKind.Unauthenticated, "authenticate with an enrolment credential or a client certificate"),
            AuthenticatedRequester.ByCredential when !rule.Credential => new PkiProblem(PkiProblemKind.Unauthorized, $"profile '{profile.Name}' takes no credentials"),
            AuthenticatedRequester.ByCredential by when by.Credential.Profiles.Count > 0 && !by.Credential.Profiles.Contains(profile.Name) => new PkiProblem(PkiProblemKind.Unauthorized, $"the credential is not for profile '{profile.Name}'"),
            AuthenticatedRequester.ByAcmeOrder when !rule.Acme => new PkiProblem(PkiProblemKind.Unauthorized, $"profile '{profile.Name}' is not given out over ACME"),
            AuthenticatedRequester.ByEntry when !rule.Workload => new PkiProblem(PkiProblemKind.Unauthorized, $"profile '{profile.Name}' is not given to attested workloads"),
            AuthenticatedRequester.ByCertificate when rule.Certificate == CertificateAuthentication.None => new PkiProblem(PkiProblemKind.Unauthorized, $"profile '{profile.Name}' takes no client certificates"),
            _ => null,
        };
    }
}
