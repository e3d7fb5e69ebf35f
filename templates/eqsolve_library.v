(* Derivatives of real functions by structure, and the functions that solve Riccati equations.

   Every rule is a lemma of the standard library with its value written out. *)

Require Export Reals Lra.
Require FunctionalExtensionality.
Open Scope R_scope.

Lemma slope_equal f x a b : derivable_pt_lim f x a -> a = b -> derivable_pt_lim f x b.
Proof. intros D <-. exact D. Qed.

Lemma slope_extended f g x a :
  (forall y, f y = g y) -> derivable_pt_lim g x a -> derivable_pt_lim f x a.
Proof.
  intros E D e P. destruct (D e P) as [d H]. exists d. intros h N S. rewrite !E. auto.
Qed.

Lemma slope_unique f g x a b :
  (forall y, f y = g y) -> derivable_pt_lim f x a -> derivable_pt_lim g x b -> a = b.
Proof.
  intros E D F. apply (uniqueness_limite f x); [exact D |]. apply (slope_extended f g); auto.
Qed.

Lemma slope_unique_positive f g x a b :
  0 < x -> (forall y, 0 < y -> f y = g y) ->
  derivable_pt_lim f x a -> derivable_pt_lim g x b -> a = b.
Proof.
  intros P E D F. apply (uniqueness_limite f x); [exact D |]. intros e Q.
  destruct (F e Q) as [d H]. assert (0 < Rmin d x) as M by (apply Rmin_pos; [apply d | exact P]).
  exists (mkposreal _ M). intros h N S. cbn in S. pose proof (Rmin_l d x). pose proof (Rmin_r d x).
  rewrite !E; [apply H; [exact N | lra] | exact P |]. apply Rabs_def2 in S. lra.
Qed.

Lemma slope_constant c x : derivable_pt_lim (fun _ => c) x 0.
Proof. apply derivable_pt_lim_const. Qed.

Lemma slope_variable x : derivable_pt_lim (fun y => y) x 1.
Proof. apply derivable_pt_lim_id. Qed.

Lemma slope_sum f g x a b : derivable_pt_lim f x a -> derivable_pt_lim g x b ->
  derivable_pt_lim (fun y => f y + g y) x (a + b).
Proof. apply derivable_pt_lim_plus. Qed.

Lemma slope_difference f g x a b : derivable_pt_lim f x a -> derivable_pt_lim g x b ->
  derivable_pt_lim (fun y => f y - g y) x (a - b).
Proof. apply derivable_pt_lim_minus. Qed.

Lemma slope_opposite f x a : derivable_pt_lim f x a -> derivable_pt_lim (fun y => - f y) x (- a).
Proof. apply derivable_pt_lim_opp. Qed.

Lemma slope_product f g x a b : derivable_pt_lim f x a -> derivable_pt_lim g x b ->
  derivable_pt_lim (fun y => f y * g y) x (a * g x + f x * b).
Proof. apply derivable_pt_lim_mult. Qed.

Lemma slope_quotient f g x a b : derivable_pt_lim f x a -> derivable_pt_lim g x b -> g x <> 0 ->
  derivable_pt_lim (fun y => f y / g y) x ((a * g x - b * f x) / (g x * g x)).
Proof. intros; apply (derivable_pt_lim_div f g); auto. Qed.

Lemma slope_of f g x a b : derivable_pt_lim g x a -> derivable_pt_lim f (g x) b ->
  derivable_pt_lim (fun y => f (g y)) x (b * a).
Proof. apply derivable_pt_lim_comp. Qed.

Lemma slope_power f n x a : derivable_pt_lim f x a ->
  derivable_pt_lim (fun y => f y ^ n) x (INR n * f x ^ pred n * a).
Proof.
  intro D. apply (slope_of (fun z => z ^ n) f); [exact D | apply derivable_pt_lim_pow].
Qed.

Lemma slope_exp f x a : derivable_pt_lim f x a ->
  derivable_pt_lim (fun y => exp (f y)) x (exp (f x) * a).
Proof. intro D. apply (slope_of exp f); [exact D | apply derivable_pt_lim_exp]. Qed.

(* The logarithm: the standard library's rests on the law of excluded middle, which is not needed. *)

Lemma exp_above x : 0 <= x -> 1 + x <= exp x.
Proof.
  intro P. unfold exp. destruct (exist_exp x) as [e E]. cbn. 
  replace (1 + x) with (sum_f_R0 (fun i => / INR (fact i) * x ^ i) 1) by (cbn; field).
  apply sum_incr; [exact E |]. intro n.
  apply Rmult_le_pos; [left; apply Rinv_0_lt_compat, INR_fact_lt_0 | now apply pow_le].
Qed.

Lemma exp_monotone x y : x < y -> exp x < exp y.
Proof.
  intro L. replace y with (x + (y - x)) by ring. rewrite exp_plus.
  pose proof (exp_above (y - x)). pose proof (exp_pos x). nra.
Qed.

Lemma exp_reaches y : 0 < y -> {x | exp x = y}.
Proof.
  intro P. assert (0 < / y) as Q by now apply Rinv_0_lt_compat.
  destruct (IVT_cor (fun x => exp x - y) (- / y) y) as [x [_ E]].
  - intro x. apply derivable_continuous_pt. exists (exp x).
    replace (exp x) with (exp x - 0) at 1 by ring.
    apply derivable_pt_lim_minus; [apply derivable_pt_lim_exp | apply derivable_pt_lim_const].
  - lra.
  - pose proof (exp_above y). pose proof (exp_above (/ y)).
    assert (exp (- / y) <= y).
    { rewrite exp_Ropp. replace y with (/ / y) at 2 by (field; lra).
      apply Rinv_le_contravar; lra. }
    nra.
  - exists x. lra.
Qed.

Definition logarithm (y : R) : R :=
  match Rlt_dec 0 y with left P => proj1_sig (exp_reaches y P) | right _ => 0 end.

Definition power (x e : R) : R := exp (e * logarithm x).

Lemma exp_logarithm y : 0 < y -> exp (logarithm y) = y.
Proof.
  intro P. unfold logarithm. destruct (Rlt_dec 0 y) as [Q | Q]; [| lra].
  now destruct (exp_reaches y Q).
Qed.

Lemma logarithm_exp x : logarithm (exp x) = x.
Proof.
  pose proof (exp_logarithm (exp x) (exp_pos x)) as E.
  destruct (Rtotal_order (logarithm (exp x)) x) as [L | [L | L]];
    [apply exp_monotone in L; lra | exact L | apply exp_monotone in L; lra].
Qed.

Lemma logarithm_monotone x y : 0 < x -> x < y -> logarithm x < logarithm y.
Proof.
  intros P L. destruct (Rlt_le_dec (logarithm x) (logarithm y)) as [H | [H | H]].
  - exact H.
  - apply exp_monotone in H. rewrite !exp_logarithm in H; lra.
  - apply (f_equal exp) in H. rewrite !exp_logarithm in H; lra.
Qed.

Lemma slope_of_logarithm x : 0 < x -> derivable_pt_lim logarithm x (/ x).
Proof.
  intros P e Q. set (z := logarithm x). assert (exp z = x) as Z by now apply exp_logarithm.
  assert (0 < Rmin (x / 2) (e * (x * x) / 2)) as M.
  { apply Rmin_pos; [lra |]. pose proof (Rmult_lt_0_compat x x P P).
    pose proof (Rmult_lt_0_compat e _ Q H). lra. }
  destruct (derivable_pt_lim_exp z _ M) as [d D]. destruct d as [d d_positive]. cbn in D.
  pose proof (Rmin_l (x / 2) (e * (x * x) / 2)). pose proof (Rmin_r (x / 2) (e * (x * x) / 2)).
  set (m := Rmin _ _) in *. rewrite Z in D.
  assert (x < exp (z + d)) as A by (rewrite <- Z; apply exp_monotone; lra).
  assert (exp (z - d) < x) as B by (rewrite <- Z; apply exp_monotone; lra).
  assert (0 < Rmin (exp (z + d) - x) (x - exp (z - d))) as C by (apply Rmin_pos; lra).
  exists (mkposreal _ C). intros h N S. cbn in S.
  pose proof (Rmin_l (exp (z + d) - x) (x - exp (z - d))).
  pose proof (Rmin_r (exp (z + d) - x) (x - exp (z - d))).
  apply Rabs_def2 in S. pose proof (exp_pos (z - d)). fold z.
  assert (logarithm (x + h) < z + d) as U.
  { rewrite <- (logarithm_exp (z + d)). apply logarithm_monotone; lra. }
  assert (z - d < logarithm (x + h)) as L.
  { rewrite <- (logarithm_exp (z - d)). apply logarithm_monotone; lra. }
  set (k := logarithm (x + h) - z).
  assert (exp (z + k) = x + h) as K.
  { replace (z + k) with (logarithm (x + h)) by (unfold k; ring). apply exp_logarithm. lra. }
  assert (k <> 0) as K0. { intro E. rewrite E, Rplus_0_r in K. lra. }
  assert (Rabs k < d) as K1 by (apply Rabs_def1; unfold k; lra).
  specialize (D k K0 K1). rewrite K in D. replace (x + h - x) with h in D by ring.
  apply Rabs_def2 in D.
  assert (h = h / k * k) as E by (field; exact K0). set (q := h / k) in *.
  assert (x / 2 < q) as Q0 by lra.
  replace (k / h - / x) with ((x - q) / (q * x)) by (rewrite E; field; repeat split; nra).
  assert (0 < q * x) as Q1 by nra.
  unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ (q * x))) by (left; now apply Rinv_0_lt_compat).
  apply (Rmult_lt_reg_r (q * x)); [exact Q1 |].
  rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  apply Rabs_def1; nra.
Qed.

Lemma slope_logarithm f x a : derivable_pt_lim f x a -> 0 < f x ->
  derivable_pt_lim (fun y => logarithm (f y)) x (a / f x).
Proof.
  intros D P. eapply slope_equal.
  - apply (slope_of logarithm f); [exact D | now apply slope_of_logarithm].
  - field. lra.
Qed.

Lemma slope_real_power f e x a : derivable_pt_lim f x a -> 0 < f x ->
  derivable_pt_lim (fun y => power (f y) e) x (e * power (f x) e / f x * a).
Proof.
  intros D P. unfold power. eapply slope_equal.
  - apply slope_exp, (slope_product (fun _ => e) (fun y => logarithm (f y)));
      [apply slope_constant | exact (slope_logarithm f x a D P)].
  - cbv beta. field. lra.
Qed.

Lemma power_positive x e : 0 < power x e.
Proof. apply exp_pos. Qed.

Lemma power_sum x a b : power x (a + b) = power x a * power x b.
Proof. unfold power. rewrite <- exp_plus. f_equal. ring. Qed.

Lemma power_opposite x a : power x (- a) = / power x a.
Proof. unfold power. rewrite <- exp_Ropp. f_equal. ring. Qed.

Lemma power_1 x : 0 < x -> power x 1 = x.
Proof. intro P. unfold power. rewrite Rmult_1_l. now apply exp_logarithm. Qed.

Lemma logarithm_1 : logarithm 1 = 0.
Proof. rewrite <- exp_0. apply logarithm_exp. Qed.

Lemma exp_power x n : exp x ^ n = exp (INR n * x).
Proof.
  induction n as [| n E].
  - cbn. now rewrite Rmult_0_l, exp_0.
  - rewrite S_INR. cbn. rewrite E, <- exp_plus. f_equal. ring.
Qed.

Lemma logarithm_product x y : 0 < x -> 0 < y ->
  logarithm (x * y) = logarithm x + logarithm y.
Proof.
  intros P Q. rewrite <- (logarithm_exp (logarithm x + logarithm y)), exp_plus.
  rewrite (exp_logarithm x P), (exp_logarithm y Q). reflexivity.
Qed.

Lemma logarithm_inverse x : 0 < x -> logarithm (/ x) = - logarithm x.
Proof.
  intro P. rewrite <- (logarithm_exp (- logarithm x)), exp_Ropp, (exp_logarithm x P). reflexivity.
Qed.

Lemma power_product x y a : 0 < x -> 0 < y -> power (x * y) a = power x a * power y a.
Proof.
  intros P Q. unfold power. rewrite (logarithm_product x y P Q), <- exp_plus. f_equal. ring.
Qed.

Lemma power_power x a b : power (power x a) b = power x (a * b).
Proof. unfold power. rewrite logarithm_exp. f_equal. ring. Qed.

Lemma power_inverse x a : 0 < x -> power (/ x) a = / power x a.
Proof.
  intro P. unfold power. rewrite (logarithm_inverse x P), <- exp_Ropp. f_equal. ring.
Qed.

(* cosh (sqrt q s) and sinh (sqrt q s) / sqrt q as functions of q, whatever its sign. *)

Definition RootCosh (q s : R) : R :=
  if Rlt_dec 0 q then cosh (sqrt q * s) else if Rlt_dec q 0 then cos (sqrt (- q) * s) else 1.

Definition RootSinh (q s : R) : R :=
  if Rlt_dec 0 q then sinh (sqrt q * s) / sqrt q
  else if Rlt_dec q 0 then sin (sqrt (- q) * s) / sqrt (- q) else s.

Lemma slope_linear c x : derivable_pt_lim (fun y => c * y) x c.
Proof.
  eapply slope_equal.
  - apply (slope_product (fun _ => c) (fun y => y)); [apply slope_constant | apply slope_variable].
  - ring.
Qed.

(* A positive number and its root w, by which it is written. *)
Ltac rooted q w :=
  let E := fresh in
  let P := fresh in
  assert (E : sqrt q * sqrt q = q) by (apply sqrt_sqrt; lra);
  assert (P : 0 < sqrt q) by (apply sqrt_lt_R0; lra);
  set (w := sqrt q) in *; clearbody w.

Lemma RootCosh_slope q s : derivable_pt_lim (RootCosh q) s (q * RootSinh q s).
Proof.
  unfold RootCosh, RootSinh. destruct (Rlt_dec 0 q) as [P | P].
  - rooted q w. eapply slope_equal.
    + apply (slope_of cosh); [apply slope_linear | apply derivable_pt_lim_cosh].
    + replace q with (w * w) by assumption. field. lra.
  - destruct (Rlt_dec q 0) as [N | N].
    + rooted (- q) w. eapply slope_equal.
      * apply (slope_of cos); [apply slope_linear | apply derivable_pt_lim_cos].
      * replace q with (- (w * w)) by lra. field. lra.
    + replace q with 0 by lra. eapply slope_equal; [apply slope_constant | ring].
Qed.

Lemma RootSinh_slope q s : derivable_pt_lim (RootSinh q) s (RootCosh q s).
Proof.
  unfold RootCosh, RootSinh. destruct (Rlt_dec 0 q) as [P | P].
  - pose proof (sqrt_lt_R0 q P). eapply slope_equal.
    + apply (slope_quotient (fun y => sinh (sqrt q * y)) (fun _ => sqrt q)).
      * apply (slope_of sinh); [apply slope_linear | apply derivable_pt_lim_sinh].
      * apply slope_constant.
      * lra.
    + field. lra.
  - destruct (Rlt_dec q 0) as [N | N].
    + assert (0 < - q) as M by lra. pose proof (sqrt_lt_R0 _ M). eapply slope_equal.
      * apply (slope_quotient (fun y => sin (sqrt (- q) * y)) (fun _ => sqrt (- q))).
        -- apply (slope_of sin); [apply slope_linear | apply derivable_pt_lim_sin].
        -- apply slope_constant.
        -- lra.
      * field. lra.
    + apply slope_variable.
Qed.

Lemma RootCosh_0 q : RootCosh q 0 = 1.
Proof.
  unfold RootCosh. destruct (Rlt_dec 0 q); [| destruct (Rlt_dec q 0); [| reflexivity]];
  rewrite Rmult_0_r; [apply cosh_0 | apply cos_0].
Qed.

Lemma RootSinh_0 q : RootSinh q 0 = 0.
Proof.
  unfold RootSinh. destruct (Rlt_dec 0 q); [| destruct (Rlt_dec q 0); [| reflexivity]];
  rewrite Rmult_0_r, ?sinh_0, ?sin_0; unfold Rdiv; ring.
Qed.

Lemma Root_square q s : RootCosh q s ^ 2 = 1 + q * RootSinh q s ^ 2.
Proof.
  unfold RootCosh, RootSinh. destruct (Rlt_dec 0 q) as [P | P].
  - rooted q w. replace q with (w * w) by assumption.
    unfold cosh, sinh. rewrite exp_Ropp. field. split; [apply Rgt_not_eq, exp_pos | lra].
  - destruct (Rlt_dec q 0) as [N | N].
    + rooted (- q) w. replace q with (- (w * w)) by lra.
      pose proof (sin2_cos2 (w * s)) as E. unfold Rsqr in E.
      replace (cos (w * s) ^ 2) with (1 - sin (w * s) ^ 2) by lra. field. lra.
    + replace q with 0 by lra. ring.
Qed.

Lemma slope_RootCosh q f x a : derivable_pt_lim f x a ->
  derivable_pt_lim (fun y => RootCosh q (f y)) x (q * RootSinh q (f x) * a).
Proof. intro D. apply (slope_of (RootCosh q) f); [exact D | apply RootCosh_slope]. Qed.

Lemma slope_RootSinh q f x a : derivable_pt_lim f x a ->
  derivable_pt_lim (fun y => RootSinh q (f y)) x (RootCosh q (f x) * a).
Proof. intro D. apply (slope_of (RootSinh q) f); [exact D | apply RootSinh_slope]. Qed.

(* Conditions of the rules: what is listed, up to the order of its terms, and products of it. *)
Ltac side :=
  cbv beta; repeat split;
  first
    [ assumption
    | apply exp_pos
    | apply Rgt_not_eq, exp_pos
    | apply power_positive
    | apply Rgt_not_eq, power_positive
    | lra
    | let Z := fresh in intro Z; lra
    | match goal with
      | H : ?a <> 0 |- ?b <> 0 =>
          let Z := fresh in
          intro Z; apply H; first [lra | rewrite <- Z; ring | field_simplify_eq in Z; [lra | side]]
      end
    | apply Rmult_integral_contrapositive_currified; side
    | apply pow_nonzero; side
    | apply Rinv_0_lt_compat; side
    | apply Rmult_lt_0_compat; side ].

(* The derivative of a function by its structure; of an unknown one, what a hypothesis says. *)
Ltac slope :=
  lazymatch goal with
  | |- derivable_pt_lim (fun y => y) _ _ => apply slope_variable
  | |- derivable_pt_lim (fun _ => ?c) _ _ => apply slope_constant
  | |- derivable_pt_lim (fun y => - @?f y) _ _ => eapply (slope_opposite f); slope
  | |- derivable_pt_lim (fun y => @?f y + @?g y) _ _ => eapply (slope_sum f g); slope
  | |- derivable_pt_lim (fun y => @?f y - @?g y) _ _ => eapply (slope_difference f g); slope
  | |- derivable_pt_lim (fun y => @?f y * @?g y) _ _ => eapply (slope_product f g); slope
  | |- derivable_pt_lim (fun y => @?f y / @?g y) _ _ =>
      eapply (slope_quotient f g); [slope | slope | side]
  | |- derivable_pt_lim (fun y => (@?f y) ^ ?n) _ _ => eapply (slope_power f n); slope
  | |- derivable_pt_lim (fun y => exp (@?f y)) _ _ => eapply (slope_exp f); slope
  | |- derivable_pt_lim (fun y => logarithm (@?f y)) _ _ =>
      eapply (slope_logarithm f); [slope | side]
  | |- derivable_pt_lim (fun y => power (@?f y) ?e) _ _ =>
      eapply (slope_real_power f e); [slope | side]
  | |- derivable_pt_lim (fun y => RootCosh ?q (@?f y)) _ _ => eapply (slope_RootCosh q f); slope
  | |- derivable_pt_lim (fun y => RootSinh ?q (@?f y)) _ _ => eapply (slope_RootSinh q f); slope
  | _ =>
      match goal with
      | H : derivable_pt_lim ?f ?x _ |- derivable_pt_lim _ ?x _ => exact H
      | H : forall _, derivable_pt_lim _ _ _ |- _ => apply H
      end
  end.

(* An identity of rational functions. *)
Ltac multiply_out :=
  cbv beta; cbn [INR pred];
  first
    [ ring
    | unfold Rdiv; ring
    | field; side
    | rewrite ?Rmult_0_l, ?Rmult_0_r; field; side ]. (* what is multiplied by 0 may divide by 0 *)

(* An exponential is a product of powers of others. *)
Ltac exponentials :=
  unfold Rdiv; rewrite ?exp_power, <- ?exp_Ropp, <- ?exp_plus, ?Rmult_1_l;
  f_equal; cbn [INR]; field; side.

(* An exponential with the logarithm of b in it is b times that of the rest r. *)
Ltac without_logarithm b r :=
  repeat
    match goal with
    | |- context [exp ?e] =>
      match e with
      | context [logarithm b] =>
        replace (exp e) with (b * exp r)
          by (replace e with (logarithm b + r) by (field; side);
              rewrite exp_plus, exp_logarithm by side; reflexivity)
      end
    end.

(* A power of a product with a sum as exponent. *)
Ltac powers :=
  rewrite ?power_product by side; rewrite ?power_inverse by side;
  rewrite ?power_sum, ?power_opposite; rewrite ?power_1 by side; field; side.

(* A power of b has the exponent e, however it is written. *)
Ltac exponent b e :=
  repeat match goal with
    | |- context [power b ?d] =>
        progress replace (power b d) with (power b e) by (f_equal; field; side)
    end.

(* What H says of a power, wherever the power stands, however it is written. *)
Ltac meet H :=
  lazymatch type of H with
  | power ?b ?e = _ =>
      repeat match goal with
        | |- context [power ?c ?d] =>
            progress replace (power c d) with (power b e) by (f_equal; field; side)
        end;
      rewrite ?H
  end.

(* Functions at 0, and logarithms and powers of 1. *)
Ltac at_zero :=
  repeat match goal with
    | |- context [exp ?e] =>
        replace (exp e) with 1 by (replace e with 0 by multiply_out; rewrite exp_0; reflexivity)
    | |- context [RootCosh ?q ?e] =>
        replace (RootCosh q e) with 1
          by (replace e with 0 by multiply_out; rewrite RootCosh_0; reflexivity)
    | |- context [RootSinh ?q ?e] =>
        replace (RootSinh q e) with 0
          by (replace e with 0 by multiply_out; rewrite RootSinh_0; reflexivity)
    | |- context [cos ?e] =>
        replace (cos e) with 1 by (replace e with 0 by multiply_out; rewrite cos_0; reflexivity)
    | |- context [logarithm ?e] =>
        replace (logarithm e) with 0
          by (replace e with 1 by multiply_out; rewrite logarithm_1; reflexivity)
    | |- context [power ?b ?e] =>
        replace (power b e) with 1
          by (replace b with 1 by multiply_out; unfold power;
              rewrite logarithm_1, Rmult_0_r, exp_0; reflexivity)
    end.

(* The cases of slope_unique, for a function that H gives and its derivative by S. *)
Ltac slope_by H S :=
  cbv beta;
  first
    [ assumption
    | solve [intros; rewrite H by assumption; multiply_out]
    | solve [apply S; assumption]
    | eapply slope_equal; [slope | multiply_out] ].

(* A coefficient of an affine function that vanishes everywhere, from its values. *)
Ltac value_at H :=
  let P := fresh in
  pose proof H as P;
  match type of P with
  | ?e = 0 => match goal with |- ?c = 0 => replace c with e by (field; side); exact P end
  end.

Ltac slope_between H K :=
  let P := fresh in
  let Q := fresh in
  pose proof H as P; pose proof K as Q;
  match type of P with
  | ?e = 0 =>
      match type of Q with
      | ?f = 0 =>
          match goal with
          | |- ?c = 0 => replace c with ((e - f) / 2) by (field; side); rewrite P, Q; field
          end
      end
  end.

(* Limits at infinity. *)

Definition tends (f : R -> R) (l : R) :=
  forall e, 0 < e -> exists m, forall x, m < x -> Rabs (f x - l) < e.

Lemma tends_equal f a b : tends f a -> a = b -> tends f b.
Proof. intros T <-. exact T. Qed.

Lemma tends_beyond m f g a : (forall x, m < x -> f x = g x) -> tends g a -> tends f a.
Proof.
  intros E T e P. destruct (T e P) as [k K]. exists (Rmax m k). intros x L.
  pose proof (Rmax_l m k). pose proof (Rmax_r m k). rewrite E by lra. apply K. lra.
Qed.

Lemma tends_extended f g a : (forall x, f x = g x) -> tends g a -> tends f a.
Proof. intro E. apply (tends_beyond 0). auto. Qed.

Lemma tends_constant c : tends (fun _ => c) c.
Proof. intros e P. exists 0. intros x _. rewrite Rminus_diag_eq, Rabs_R0; auto. Qed.

Lemma tends_sum f g a b : tends f a -> tends g b -> tends (fun x => f x + g x) (a + b).
Proof.
  intros F G e P. destruct (F (e / 2)) as [m M]; [lra |]. destruct (G (e / 2)) as [k K]; [lra |].
  exists (Rmax m k). intros x L. pose proof (Rmax_l m k). pose proof (Rmax_r m k).
  replace (f x + g x - (a + b)) with (f x - a + (g x - b)) by ring.
  specialize (M x ltac:(lra)). specialize (K x ltac:(lra)).
  pose proof (Rabs_triang (f x - a) (g x - b)). lra.
Qed.

(* A continuous function of what tends. *)
Lemma tends_through h f a : continuity_pt h a -> tends f a -> tends (fun x => h (f x)) (h a).
Proof.
  intros C T e P. destruct (C e P) as [d [D N]]. destruct (T d D) as [m M]. exists m. intros x L.
  destruct (Req_dec (f x) a) as [E | E]; [rewrite E, Rminus_diag_eq, Rabs_R0; auto |].
  apply (N (f x)). split; [split; [exact I | auto] | exact (M x L)].
Qed.

Lemma tends_opposite f a : tends f a -> tends (fun x => - f x) (- a).
Proof. apply (tends_through Ropp). reg. Qed.

Lemma tends_difference f g a b : tends f a -> tends g b -> tends (fun x => f x - g x) (a - b).
Proof. intros F G. apply tends_sum; [exact F | now apply tends_opposite]. Qed.

Lemma tends_product f g a b : tends f a -> tends g b -> tends (fun x => f x * g x) (a * b).
Proof.
  intros F G. set (square := fun x => x * x / 4).
  assert (C : continuity square) by (unfold square; reg).
  apply (tends_extended _ (fun x => square (f x + g x) - square (f x - g x)));
    [intro; unfold square; field |].
  replace (a * b) with (square (a + b) - square (a - b)) by (unfold square; field).
  apply tends_difference; apply (tends_through square); [apply C | | apply C |];
    [now apply tends_sum | now apply tends_difference].
Qed.

Lemma tends_quotient f g a b :
  tends f a -> tends g b -> b <> 0 -> tends (fun x => f x / g x) (a / b).
Proof.
  intros F G N. apply tends_product; [exact F |]. apply (tends_through Rinv); [| exact G].
  apply (continuity_pt_inv id); [reg | exact N].
Qed.

Lemma tends_power f n a : tends f a -> tends (fun x => f x ^ n) (a ^ n).
Proof.
  apply (tends_through (fun x => x ^ n)). apply derivable_continuous_pt, derivable_pt_pow.
Qed.

Lemma tends_reciprocal : tends (fun x => 1 / x) 0.
Proof.
  intros e P. exists (1 / e). intros x L. assert (0 < 1 / e) by (apply Rdiv_lt_0_compat; lra).
  assert (0 < / x) by (apply Rinv_0_lt_compat; lra).
  rewrite Rminus_0_r, Rabs_right by (unfold Rdiv; lra).
  apply (Rmult_lt_reg_r x); [lra |]. replace (1 / x * x) with 1 by (field; lra).
  apply (Rmult_lt_compat_l e) in L; [| lra]. replace (e * (1 / e)) with 1 in L by (field; lra). lra.
Qed.

Lemma tends_around f a : tends (fun x => f x - a) 0 -> tends f a.
Proof.
  intros T e P. destruct (T e P) as [m M]. exists m. intros x L. specialize (M x L).
  now rewrite Rminus_0_r in M.
Qed.

Lemma beyond_both a b x : Rmax a b < x -> a < x /\ b < x.
Proof. intro L. pose proof (Rmax_l a b). pose proof (Rmax_r a b). lra. Qed.

(* What is a power times something with a limit that is not 0 does not vanish far out. *)
Lemma far_nonzero n f g c : (forall x, 0 < x -> f x = x ^ n * g x) -> tends g c -> c <> 0 ->
  exists m, forall x, m < x -> 0 < x /\ f x <> 0 /\ g x <> 0.
Proof.
  intros E T N. destruct (T (Rabs c)) as [m M]; [now apply Rabs_pos_lt |].
  exists (Rmax 0 m). intros x L. apply beyond_both in L as [P L].
  assert (g x <> 0) as G.
  { intro Z. specialize (M x L). rewrite Z, Rminus_0_l, Rabs_Ropp in M. lra. }
  repeat split; [exact P | | exact G]. rewrite E by exact P.
  apply Rmult_integral_contrapositive_currified; [apply pow_nonzero; lra | exact G].
Qed.

(* What is bounded far out, and what it is multiplied by to tend to 0. *)

Definition bounded (f : R -> R) := exists b m, forall x, m < x -> Rabs (f x) <= b.

Lemma bounded_tends f a : tends f a -> bounded f.
Proof.
  intro T. destruct (T 1 ltac:(lra)) as [m M]. exists (Rabs a + 1), m. intros x L.
  specialize (M x L). pose proof (Rabs_triang (f x - a) a).
  replace (f x - a + a) with (f x) in H by ring. lra.
Qed.

Lemma bounded_sum f g : bounded f -> bounded g -> bounded (fun x => f x + g x).
Proof.
  intros [b [m M]] [c [k K]]. exists (b + c), (Rmax m k). intros x L.
  pose proof (Rmax_l m k). pose proof (Rmax_r m k). pose proof (Rabs_triang (f x) (g x)).
  specialize (M x ltac:(lra)). specialize (K x ltac:(lra)). lra.
Qed.

Lemma bounded_opposite f : bounded f -> bounded (fun x => - f x).
Proof.
  intros [b [m M]]. exists b, m. intros x L. rewrite Rabs_Ropp. exact (M x L).
Qed.

Lemma bounded_difference f g : bounded f -> bounded g -> bounded (fun x => f x - g x).
Proof. intros F G. apply bounded_sum; [exact F | now apply bounded_opposite]. Qed.

Lemma bounded_product f g : bounded f -> bounded g -> bounded (fun x => f x * g x).
Proof.
  intros [b [m M]] [c [k K]]. exists (b * c), (Rmax m k). intros x L.
  pose proof (Rmax_l m k). pose proof (Rmax_r m k). rewrite Rabs_mult.
  apply Rmult_le_compat; try apply Rabs_pos; [apply M | apply K]; lra.
Qed.

Lemma bounded_constant c : bounded (fun _ => c).
Proof. apply (bounded_tends _ c), tends_constant. Qed.

Lemma bounded_power f n : bounded f -> bounded (fun x => f x ^ n).
Proof.
  intro F. induction n as [| n N]; [exact (bounded_constant 1) |]. cbn. now apply bounded_product.
Qed.

Lemma tends_0_product f g : tends f 0 -> bounded g -> tends (fun x => f x * g x) 0.
Proof.
  intros T [b [m M]] e P. assert (0 < Rabs b + 1) as B by (pose proof (Rabs_pos b); lra).
  destruct (T (e / (Rabs b + 1))) as [k K]; [apply Rdiv_lt_0_compat; lra |].
  exists (Rmax m k). intros x L. pose proof (Rmax_l m k). pose proof (Rmax_r m k).
  specialize (M x ltac:(lra)). specialize (K x ltac:(lra)). rewrite Rminus_0_r in *.
  rewrite Rabs_mult. apply (Rmult_lt_compat_r (Rabs b + 1)) in K; [| exact B].
  replace (e / (Rabs b + 1) * (Rabs b + 1)) with e in K by (field; lra).
  pose proof (Rle_abs b). apply Rle_lt_trans with (Rabs (f x) * (Rabs b + 1)); [| exact K].
  apply Rmult_le_compat_l; [apply Rabs_pos | lra].
Qed.

Ltac bound :=
  lazymatch goal with
  | |- bounded (fun y => 1 / y) => exact (bounded_tends _ _ tends_reciprocal)
  | |- bounded (fun _ => ?c) => apply bounded_constant
  | |- bounded (fun y => - @?f y) => apply (bounded_opposite f); bound
  | |- bounded (fun y => @?f y + @?g y) => apply (bounded_sum f g); bound
  | |- bounded (fun y => @?f y - @?g y) => apply (bounded_difference f g); bound
  | |- bounded (fun y => @?f y / @?g y) =>
      apply (bounded_product f (fun y => / g y)); [bound | apply bounded_constant]
  | |- bounded (fun y => @?f y * @?g y) => apply (bounded_product f g); bound
  | |- bounded (fun y => (@?f y) ^ ?n) => apply (bounded_power f n); bound
  | _ => assumption
  end.

(* The limit of a function: what a hypothesis says, or by its structure. *)
Ltac limit :=
  first
    [ eassumption
    | lazymatch goal with
      | |- tends (fun _ => ?c) _ => apply tends_constant
      | |- tends (fun y => 1 / y) _ => apply tends_reciprocal
      | |- tends (fun y => - @?f y) _ => eapply (tends_opposite f); limit
      | |- tends (fun y => @?f y + @?g y) _ => eapply (tends_sum f g); limit
      | |- tends (fun y => @?f y - @?g y) _ => eapply (tends_difference f g); limit
      | |- tends (fun y => @?f y * @?g y) _ => eapply (tends_product f g); limit
      | |- tends (fun y => @?f y / @?g y) _ => eapply (tends_quotient f g); [limit | limit | side]
      | |- tends (fun y => (@?f y) ^ ?n) _ => eapply (tends_power f n); limit
      end ].

(* Derivatives of functions of which nothing is said before some time t: there from above. *)

Definition derivable_from (t : R) (f : R -> R) (s l : R) :=
  forall e, 0 < e -> exists d, 0 < d /\
    forall h, h <> 0 -> Rabs h < d -> t <= s + h -> Rabs ((f (s + h) - f s) / h - l) < e.

Lemma from_equal t f s a b : derivable_from t f s a -> a = b -> derivable_from t f s b.
Proof. intros D <-. exact D. Qed.

Lemma from_everywhere t f s a : derivable_pt_lim f s a -> derivable_from t f s a.
Proof. intros D e P. destruct (D e P) as [[d Q] H]. exists d. auto. Qed.

Lemma from_agreeing t f g s a :
  t <= s -> (forall y, t <= y -> f y = g y) -> derivable_from t g s a -> derivable_from t f s a.
Proof.
  intros L E D e P. destruct (D e P) as [d [Q H]]. exists d. split; [exact Q |].
  intros h N S B. rewrite !E by assumption. auto.
Qed.

(* The function, continued by the line with its slope. *)
Definition continued (t l : R) (f : R -> R) (s : R) :=
  if Rle_dec t s then f s else f t + l * (s - t).

Lemma continued_after t l f s : t <= s -> continued t l f s = f s.
Proof. intro L. unfold continued. destruct (Rle_dec t s); [reflexivity | contradiction]. Qed.

Lemma continued_slope t f s l :
  t <= s -> derivable_from t f s l -> derivable_pt_lim (continued t l f) s l.
Proof.
  intros L D e P. destruct (D e P) as [d [Q H]].
  assert (exists q, 0 < q /\ q <= d /\ (t < s -> q <= s - t)) as [q [A [B C]]].
  { destruct (Rlt_le_dec t s) as [M | M]; [exists (Rmin d (s - t)) | exists d].
    - split; [apply Rmin_pos; lra |]. split; [apply Rmin_l | intros _; apply Rmin_r].
    - split; [exact Q |]. split; [lra | intro; lra]. }
  exists (mkposreal q A). intros h N S. cbn in S. rewrite (continued_after t l f s L).
  unfold continued. destruct (Rle_dec t (s + h)) as [G | G]; [apply H; lra |].
  apply Rabs_def2 in S. assert (s = t) as E by (destruct (Rlt_le_dec t s); lra). rewrite E.
  replace ((f t + l * (t + h - t) - f t) / h - l) with 0 by (field; exact N).
  now rewrite Rabs_R0.
Qed.

(* Rules are those of continued functions. *)
Ltac by_continuing rule :=
  intros; eapply from_agreeing;
    [eassumption | | apply from_everywhere, rule; apply continued_slope; eassumption];
    intros; cbv beta; now rewrite !continued_after.

Lemma from_sum t f g s a b : t <= s -> derivable_from t f s a -> derivable_from t g s b ->
  derivable_from t (fun y => f y + g y) s (a + b).
Proof. by_continuing slope_sum. Qed.

Lemma from_difference t f g s a b : t <= s -> derivable_from t f s a -> derivable_from t g s b ->
  derivable_from t (fun y => f y - g y) s (a - b).
Proof. by_continuing slope_difference. Qed.

Lemma from_opposite t f s a :
  t <= s -> derivable_from t f s a -> derivable_from t (fun y => - f y) s (- a).
Proof. by_continuing slope_opposite. Qed.

Lemma from_product t f g s a b : t <= s -> derivable_from t f s a -> derivable_from t g s b ->
  derivable_from t (fun y => f y * g y) s (a * g s + f s * b).
Proof.
  intros L F G. rewrite <- (continued_after t a f s L), <- (continued_after t b g s L).
  revert L F G. by_continuing slope_product.
Qed.

Lemma from_power t f n s a : t <= s -> derivable_from t f s a ->
  derivable_from t (fun y => f y ^ n) s (INR n * f s ^ pred n * a).
Proof.
  intros L F. rewrite <- (continued_after t a f s L). revert L F. by_continuing slope_power.
Qed.

(* The derivative from t on, by structure; of an unknown function, what a hypothesis says. *)
Ltac slope_from :=
  lazymatch goal with
  | |- derivable_from _ (fun y => - @?f y) _ _ => eapply (from_opposite _ f); [lra | slope_from]
  | |- derivable_from _ (fun y => @?f y + @?g y) _ _ =>
      eapply (from_sum _ f g); [lra | slope_from | slope_from]
  | |- derivable_from _ (fun y => @?f y - @?g y) _ _ =>
      eapply (from_difference _ f g); [lra | slope_from | slope_from]
  | |- derivable_from _ (fun y => @?f y * @?g y) _ _ =>
      eapply (from_product _ f g); [lra | slope_from | slope_from]
  | |- derivable_from _ (fun y => @?f y / ?c) _ _ =>
      eapply (from_product _ f (fun _ => / c)); [lra | slope_from | slope_from]
  | |- derivable_from _ (fun y => (@?f y) ^ ?n) _ _ => eapply (from_power _ f n); [lra | slope_from]
  | _ => first [eassumption | apply from_everywhere; slope]
  end.

(* A letter for a number or function that is chosen. *)
Tactic Notation "choose_value" ident(name) constr(value) :=
  let E := fresh "is_" name in
  assert (exists name, name = value) as [name E] by (eexists; reflexivity).

(* What numbers and functions satisfy. *)
Ltac witness :=
  intros; cbv beta; at_zero;
  first
    [ reflexivity
    | lra
    | field; side
    | let Z := fresh in intro Z; lra
    | eapply slope_equal; [slope | multiply_out]
    | eapply from_equal; [slope_from | multiply_out]
    | eapply tends_equal; [limit | multiply_out]
    | apply (tends_extended _ (fun _ => 0)); [intro; ring | apply tends_constant]
    | bound ].

(* Signs by structure: sums, products and quotients of what is positive, and squares. *)

Lemma even_power x n : 0 <= x ^ (2 * n).
Proof. rewrite pow_mult. apply pow_le, pow2_ge_0. Qed.

Lemma even_power_positive x n : x <> 0 -> 0 < x ^ (2 * n).
Proof. intro Z. pose proof (even_power x n). pose proof (pow_nonzero x (2 * n) Z). lra. Qed.

Ltac positive :=
  first
    [ assumption
    | lazymatch goal with
      | |- _ > _ => apply Rlt_gt; positive
      | |- 0 < _ + _ =>
          first
            [ apply Rplus_lt_le_0_compat; [positive | not_negative]
            | apply Rplus_le_lt_0_compat; [not_negative | positive] ]
      | |- 0 < _ * _ => apply Rmult_lt_0_compat; positive
      | |- 0 < _ / _ => apply Rdiv_lt_0_compat; positive
      | |- 0 < ?x ^ ?n =>
          first
            [ apply pow_lt; positive
            | let m := eval compute in (Nat.div2 n) in apply (even_power_positive x m); side ]
      | |- 0 < sqrt _ => apply sqrt_lt_R0; positive
      | |- - _ < 0 => apply Ropp_lt_gt_0_contravar; positive
      | |- 0 < exp _ => apply exp_pos
      | |- 0 < power _ _ => apply power_positive
      end
    | lra ]
with not_negative :=
  first
    [ assumption
    | lazymatch goal with
      | |- 0 <= _ + _ => apply Rplus_le_le_0_compat; not_negative
      | |- 0 <= _ * _ => apply Rmult_le_pos; not_negative
      | |- 0 <= _ / _ => apply Rle_mult_inv_pos; [not_negative | positive]
      | |- 0 <= ?x ^ ?n =>
          first
            [ let m := eval compute in (Nat.div2 n) in apply (even_power x m)
            | apply pow_le; not_negative ]
      end
    | lra
    | apply Rlt_le; positive ].

Lemma positive_product m r : 0 < m -> (m * r > 0 <-> r > 0).
Proof. intro M. split; intro P; nra. Qed.

Lemma negative_product m r : 0 < m -> (- (m * r) < 0 <-> r > 0).
Proof. intro M. split; intro P; nra. Qed.

(* Roots between two points, and where a concave quadratic is positive. *)

Lemma root_between f a b : continuity f -> a < b -> 0 <= f a -> f b < 0 ->
  exists x, a <= x < b /\ f x = 0.
Proof.
  intros C L P N. destruct (IVT_cor f a b) as [x [[A B] E]]; [exact C | lra | nra |].
  exists x. split; [split; [exact A |] | exact E].
  destruct B as [B | B]; [exact B | subst; lra].
Qed.

Lemma inside a b r : a < b -> (a - r) * (b - r) < 0 -> a < r < b.
Proof.
  intros L P. split.
  - destruct (Rlt_le_dec a r); [assumption | nra].
  - destruct (Rlt_le_dec r b); [assumption | nra].
Qed.

(* A quadratic of one sign at both ends has no root between them or both. *)
Lemma quadratic_between e0 e1 e2 a b :
  a < b -> 0 < (e0 + e1 * a + e2 * a ^ 2) * (e0 + e1 * b + e2 * b ^ 2) ->
  (forall x, a < x < b -> e0 + e1 * x + e2 * x ^ 2 <> 0) \/
  (exists r s, a < r < b /\ a < s < b /\
    forall x, e0 + e1 * x + e2 * x ^ 2 = e2 * (x - r) * (x - s)).
Proof.
  intros L P.
  destruct (Req_dec e2 0) as [Z | Z].
  - left. subst. intros x [A B] E. assert (e0 = - e1 * x) by lra. subst.
    assert (0 < e1 ^ 2 * ((a - x) * (b - x))) by lra.
    assert ((a - x) * (b - x) < 0) by nra. nra.
  - destruct (Rlt_le_dec (e1 ^ 2 - 4 * e0 * e2) 0) as [D | D].
    + left. intros x _ E. assert (e0 = - e1 * x - e2 * x ^ 2) by lra. subst.
      assert (0 <= (e1 + 2 * e2 * x) ^ 2) by apply pow2_ge_0. lra.
    + assert (exists w, w * w = e1 ^ 2 - 4 * e0 * e2) as [w W]
        by (exists (sqrt (e1 ^ 2 - 4 * e0 * e2)); apply sqrt_sqrt; exact D).
      set (r := (- e1 - w) / (2 * e2)). set (s := (- e1 + w) / (2 * e2)).
      assert (E : forall x, e0 + e1 * x + e2 * x ^ 2 = e2 * (x - r) * (x - s)).
      { intro x. unfold r, s. replace e0 with ((e1 ^ 2 - w * w) / (4 * e2))
          by (rewrite W; field; exact Z). field. exact Z. }
      clearbody r s. rewrite (E a), (E b) in P.
      assert (0 < e2 ^ 2 * (((a - r) * (b - r)) * ((a - s) * (b - s)))) as Q by lra.
      assert (0 < ((a - r) * (b - r)) * ((a - s) * (b - s))) as S.
      { pose proof (even_power_positive e2 1 Z). apply (Rmult_lt_reg_l (e2 ^ 2)); cbn in *; lra. }
      destruct (Rlt_le_dec ((a - r) * (b - r)) 0) as [M | M].
      * right. exists r, s. split; [now apply inside |]. split; [| exact E].
        apply inside; [exact L | nra].
      * left. intros x [A B] F. rewrite (E x) in F.
        apply Rmult_integral in F as [F | F].
        -- apply Rmult_integral in F as [F | F]; [lra |]. assert (x = r) by lra. subst. nra.
        -- assert (x = s) by lra. subst. assert ((a - s) * (b - s) < 0) by nra. nra.
Qed.

Lemma one_or_three c0 c1 c2 c3 a b :
  a < b -> 0 < c0 + c1 * a + c2 * a ^ 2 + c3 * a ^ 3 -> c0 + c1 * b + c2 * b ^ 2 + c3 * b ^ 3 < 0 ->
  (exists r e0 e1 e2, a < r < b /\
    (forall x, c0 + c1 * x + c2 * x ^ 2 + c3 * x ^ 3 = (x - r) * (e0 + e1 * x + e2 * x ^ 2)) /\
    (forall x, a < x < b -> e0 + e1 * x + e2 * x ^ 2 <> 0)) \/
  (exists r s t, a < r < b /\ a < s < b /\ a < t < b /\
    forall x, c0 + c1 * x + c2 * x ^ 2 + c3 * x ^ 3 = c3 * (x - r) * (x - s) * (x - t)).
Proof.
  intros L P N.
  destruct (root_between (fun x => c0 + c1 * x + c2 * x ^ 2 + c3 * x ^ 3) a b) as [r [[A B] E]];
    [reg | exact L | lra | exact N |].
  assert (A' : a < r) by (destruct A; [assumption | subst; lra]).
  set (e0 := c1 + c2 * r + c3 * r ^ 2). set (e1 := c2 + c3 * r).
  assert (F : forall x, c0 + c1 * x + c2 * x ^ 2 + c3 * x ^ 3 =
    (x - r) * (e0 + e1 * x + c3 * x ^ 2)) by (intro x; unfold e0, e1; lra).
  rewrite (F a) in P. rewrite (F b) in N.
  destruct (quadratic_between e0 e1 c3 a b) as [Q | [s [t [S [T Q]]]]]; [exact L | | left | right].
  - assert (e0 + e1 * a + c3 * a ^ 2 < 0) by nra. assert (e0 + e1 * b + c3 * b ^ 2 < 0) by nra. nra.
  - exists r, e0, e1, c3. repeat split; assumption.
  - exists r, s, t. repeat split; try tauto. intro x. rewrite F, Q. ring.
Qed.

(* A concave quadratic that is positive at 0 is positive between two edges. *)
Lemma edges e b s : 0 < s -> 0 < e -> exists l u, l < 0 < u /\ b + s * l < 0 < b + s * u /\
  forall x, e - 2 * b * x - s * x ^ 2 = s * ((x - l) * (u - x)).
Proof.
  intros S E. assert (0 < s * e) by nra. assert (0 <= b ^ 2) by apply pow2_ge_0.
  assert (exists w, 0 < w /\ w * w = b ^ 2 + s * e) as [w [W V]].
  { exists (sqrt (b ^ 2 + s * e)). split; [apply sqrt_lt_R0; lra | apply sqrt_sqrt; lra]. }
  exists ((- b - w) / s), ((- b + w) / s).
  replace (b + s * ((- b - w) / s)) with (- w) by (field; lra).
  replace (b + s * ((- b + w) / s)) with w by (field; lra).
  assert (- w < b < w) by nra. repeat split; try lra.
  - apply (Rmult_lt_reg_l s); [exact S |].
    replace (s * ((- b - w) / s)) with (- b - w) by (field; lra). lra.
  - apply (Rmult_lt_reg_l s); [exact S |].
    replace (s * ((- b + w) / s)) with (- b + w) by (field; lra). lra.
  - intro x. replace e with ((w * w - b ^ 2) / s) by (rewrite V; field; lra). field. lra.
Qed.

Lemma between l u s x : l < u -> 0 < s -> 0 < s * ((x - l) * (u - x)) <-> l < x < u.
Proof.
  intros L S. split.
  - intro P. assert (0 < (x - l) * (u - x)) by (apply (Rmult_lt_reg_l s); lra).
    apply inside; [exact L | lra].
  - intros [A B]. apply Rmult_lt_0_compat; [exact S |]. apply Rmult_lt_0_compat; lra.
Qed.

(* Expectations: linear, and that of a constant is the constant. *)

Definition expects {O : Type} (E : (O -> R) -> R) :=
  (forall c, E (fun _ => c) = c) /\
  (forall a b f g, E (fun w => a * f w + b * g w) = a * E f + b * E g).

Lemma expected_equal {O : Type} (E : (O -> R) -> R) f g : (forall w, f w = g w) -> E f = E g.
Proof. intro F. f_equal. apply FunctionalExtensionality.functional_extensionality. exact F. Qed.

Lemma expected_constant {O : Type} (E : (O -> R) -> R) f c :
  expects E -> (forall w, f w = c) -> E f = c.
Proof. intros [C _] F. rewrite <- (C c). apply expected_equal. exact F. Qed.

Lemma expected_sum {O : Type} (E : (O -> R) -> R) a b c f g h k :
  expects E -> (forall w, f w = a * g w + b * h w + c * k w) ->
  E f = a * E g + b * E h + c * E k.
Proof.
  intros [_ L] F.
  rewrite (expected_equal E f (fun w => 1 * (a * g w + b * h w) + c * k w)).
  - rewrite (L 1 c (fun w => a * g w + b * h w) k), L. ring.
  - intro w. rewrite F. ring.
Qed.

(* What does not move stays where it is. The standard library's mean value theorem would do, but
   rests on the law of excluded middle. *)

Lemma rises_slowly a b f e :
  a <= b -> 0 < e -> (forall s, a <= s <= b -> derivable_pt_lim f s 0) -> f b <= f a + e * (b - a).
Proof.
  intros L P D. destruct (Rle_lt_dec (f b) (f a + e * (b - a))) as [G | N]; [exact G | exfalso].
  set (E := fun x => a <= x <= b /\ f x <= f a + e * (x - a)).
  destruct (completeness E) as [c [U M]].
  - exists b. intros x [[_ X] _]. exact X.
  - exists a. split; lra.
  - assert (A : a <= c) by (apply U; split; lra).
    assert (B : c <= b) by (apply M; intros x [[_ X] _]; exact X).
    destruct (D c (conj A B) (e / 2)) as [[d Q] K]; [lra |]. cbn in K.
    assert (I : forall h, h <> 0 -> Rabs h < d -> exists q, q < e / 2 /\ f (c + h) = f c + q * h).
    { intros h Z S. exists ((f (c + h) - f c) / h). specialize (K h Z S).
      rewrite Rminus_0_r in K. apply Rabs_def2 in K. split; [lra | field; exact Z]. }
    destruct (Rle_lt_dec (f c) (f a + e * (c - a))) as [F | F].
    + assert (c < b) by (destruct (Rle_lt_dec b c); [replace c with b in F; lra | assumption]).
      set (h := Rmin (d / 2) (b - c)). assert (0 < h) by (apply Rmin_pos; lra).
      assert (h <= d / 2) by apply Rmin_l. assert (h <= b - c) by apply Rmin_r.
      destruct (I h) as [q [q1 q2]]; [lra | rewrite Rabs_right; lra |].
      assert (E (c + h)) as X by (split; [lra | rewrite q2; nra]). apply U in X. lra.
    + assert (c <= c - d / 2); [| lra]. apply M. intros x [X1 X2].
      destruct (Rle_lt_dec x (c - d / 2)) as [Y | Y]; [exact Y | exfalso].
      assert (x <= c) by (apply U; split; assumption).
      assert (x <> c) by (intro Z; subst; lra).
      destruct (I (x - c)) as [q [q1 q2]]; [lra | rewrite Rabs_left; lra |].
      replace (c + (x - c)) with x in q2 by ring. nra.
Qed.

Lemma stays_0 t f :
  (forall s, t <= s -> derivable_from t f s 0) -> f t = 0 -> forall s, t <= s -> f s = 0.
Proof.
  intros F Z s L. rewrite <- (continued_after t 0 f s L).
  assert (continued t 0 f t = 0) as B by (rewrite continued_after; [exact Z | lra]).
  assert (forall y, t <= y -> derivable_pt_lim (continued t 0 f) y 0) as D
    by (intros y Y; now apply continued_slope; [| apply F]).
  clear F Z. revert B D. generalize (continued t 0 f). clear f. intros f B D.
  destruct (Rtotal_order (f s) 0) as [N | [Z | N]]; [exfalso | exact Z | exfalso].
  - assert (- f s <= - f t + - f s / (2 * (s - t + 1)) * (s - t)) as R.
    { apply (rises_slowly t s (fun x => - f x)); [exact L | apply Rdiv_lt_0_compat; lra |].
      intros x [X _]. eapply slope_equal; [apply slope_opposite, (D x X) | ring]. }
    assert (- f s / (2 * (s - t + 1)) * (s - t) <= - f s / 2); [| lra].
    apply (Rmult_le_reg_r (2 * (s - t + 1))); [lra |].
    replace (- f s / (2 * (s - t + 1)) * (s - t) * (2 * (s - t + 1))) with (- f s * (s - t))
      by (field; lra). nra.
  - assert (f s <= f t + f s / (2 * (s - t + 1)) * (s - t)) as R.
    { apply rises_slowly; [exact L | apply Rdiv_lt_0_compat; lra |]. intros x [X _]. exact (D x X). }
    assert (f s / (2 * (s - t + 1)) * (s - t) <= f s / 2); [| lra].
    apply (Rmult_le_reg_r (2 * (s - t + 1))); [lra |].
    replace (f s / (2 * (s - t + 1)) * (s - t) * (2 * (s - t + 1))) with (f s * (s - t))
      by (field; lra). nra.
Qed.

(* Cubes of real numbers are equal only if the numbers are. *)
Lemma cube_equal a b : a ^ 3 = b ^ 3 -> a = b.
Proof.
  intro E. assert (F : (a - b) * ((a + b / 2) ^ 2 + 3 / 4 * b ^ 2) = 0) by lra.
  apply Rmult_integral in F as [F | F]; [lra |].
  assert (0 <= (a + b / 2) ^ 2) by apply pow2_ge_0. assert (0 <= b ^ 2) by apply pow2_ge_0.
  assert (b ^ 2 = 0) as B by lra. assert (b = 0) by nra. subst. assert (a ^ 2 = 0) by lra. nra.
Qed.

(* Limits from above, and what is lost on the way from there as a rate. *)

Definition approaches_from_above (f : R -> R) (a l : R) :=
  forall e, 0 < e -> exists d, 0 < d /\ forall x, a < x < a + d -> Rabs (f x - l) < e.

Lemma approaches_slope f a v l : derivable_from a f a (- l) -> f a = v ->
  approaches_from_above (fun x => (v - f x) / (x - a)) a l.
Proof.
  intros D <- e P. destruct (D e P) as [d [Q H]]. exists d. split; [exact Q |]. intros x S.
  specialize (H (x - a) ltac:(lra) ltac:(rewrite Rabs_right; lra) ltac:(lra)).
  replace (a + (x - a)) with x in H by ring.
  replace ((f a - f x) / (x - a) - l) with (- ((f x - f a) / (x - a) - - l)) by (field; lra).
  now rewrite Rabs_Ropp.
Qed.
